package emulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// signingKey signs ID tokens. It is made when first needed, because that takes a while.
type signingKey struct {
	make func() (*rsa.PrivateKey, error)
}

func newSigningKey() signingKey {
	return signingKey{make: sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })}
}

const signingKeyID = "local"

// oauthKeys publishes the key that ID tokens are checked with (RFC 7517).
func (s *Server) oauthKeys(c echo.Context) error {
	key, err := s.sso.key.make()
	if err := errors.Join(err, s.save()); err != nil { // who checks tokens with it later finds it again
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signingKeyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
}

// idToken tells an app who signed in, as a signed JSON Web Token (RFC 7519).
func (s *Server) idToken(g grant, now time.Time) (string, error) {
	claims := s.userClaims(g.who, g.scopes)
	claims["iss"], claims["aud"] = s.URL(), g.app
	claims["iat"], claims["exp"] = now.Unix(), now.Add(accessLifetime).Unix()
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": signingKeyID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	key, err := s.sso.key.make()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
