package emulator

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// tokenRecord is a token of an OAuth app on disk. Tokens themselves are not there, only their hashes are.
type tokenRecord struct {
	User    string    `json:"user"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// grantRecord is what a code or a refresh token is good for.
type grantRecord struct {
	App       string    `json:"app"`
	User      string    `json:"user"`
	Scopes    []string  `json:"scopes"`
	Redirect  string    `json:"redirect,omitempty"`
	Challenge string    `json:"challenge,omitempty"`
	Nonce     string    `json:"nonce,omitempty"`
	Expires   time.Time `json:"expires"`
	Refresh   bool      `json:"refresh,omitempty"`
}

// secretHash is what a secret is kept by.
func secretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// keepToken notes a token that an app got.
func (s *Server) keepToken(token string, c *credential) {
	s.tokens.add(token, c)
	record := &tokenRecord{User: c.who.id, Scopes: c.scopes, Created: c.createdAt, Expires: c.expires}
	s.unsaved.put(bucketTokens, secretHash(token), func() any { return record })
}

func (g grant) record() any {
	return &grantRecord{
		App: g.app, User: g.who.id, Scopes: g.scopes, Redirect: g.redirect, Challenge: g.challenge, Nonce: g.nonce,
		Expires: g.expires, Refresh: g.refresh,
	}
}

// loadOAuth reads what apps have, so that users stay signed in.
func (s *Server) loadOAuth(tx *bbolt.Tx) error {
	now := time.Now()
	err := eachRecord(tx, bucketTokens, "", func(hash string, record tokenRecord) error {
		if now.After(record.Expires) {
			s.unsaved.put(bucketTokens, hash, gone)
			return nil
		}
		return s.tokens.addHash(hash, &credential{
			who: s.knownAccount(record.User), scopes: record.Scopes, createdAt: record.Created, expires: record.Expires,
		})
	})
	if err != nil {
		return err
	}
	s.sso.codes = map[string]grant{}
	err = eachRecord(tx, bucketGrants, "", func(hash string, record grantRecord) error {
		if now.After(record.Expires) {
			s.unsaved.put(bucketGrants, hash, gone)
			return nil
		}
		s.sso.codes[hash] = grant{
			app: record.App, who: s.knownAccount(record.User), scopes: record.Scopes, redirect: record.Redirect,
			challenge: record.Challenge, nonce: record.Nonce, expires: record.Expires, refresh: record.Refresh,
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachRecord(tx, bucketApps, "", func(_ string, app OAuthApp) error {
		s.sso.addApp(app) // false: there are too many
		return nil
	})
}

// keepSigningKey takes the key of ID tokens from disk when there is one; a new one goes there when it is first used.
func (s *Server) keepSigningKey(tx *bbolt.Tx) error {
	const name = "oauth key"
	if text := tx.Bucket(bucketState).Get([]byte(name)); text != nil {
		var der []byte
		if _, err := fmt.Sscanf(string(text), `"%x"`, &der); err != nil {
			return fmt.Errorf("the key of ID tokens: %w", err)
		}
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return fmt.Errorf("the key of ID tokens: %w", err)
		}
		s.sso.key.make = func() (*rsa.PrivateKey, error) { return key, nil }
		return nil
	}
	made := s.sso.key.make
	s.sso.key.make = func() (*rsa.PrivateKey, error) {
		key, err := made()
		if err == nil {
			s.unsaved.put(bucketState, name, func() any { return hex.EncodeToString(x509.MarshalPKCS1PrivateKey(key)) })
		}
		return key, err
	}
	return nil
}
