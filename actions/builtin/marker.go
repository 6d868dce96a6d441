package builtin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/actions"
)

// maxMarkerKey bounds a key that is written out in a marker, in bytes; a longer one is hashed.
const maxMarkerKey = 120

// markerKey makes a key fit for an HTML comment, where "--" and ">" would end it: bytes other than letters, digits and
// a few signs become %XX. Different keys stay different.
func markerKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		doubled := c == '-' && (i == 0 || i == len(key)-1 || key[i-1] == '-')
		if isMarkerByte(c) && !doubled {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() > maxMarkerKey {
		return hashKey(key)
	}
	return b.String()
}

// isMarkerByte tells whether a byte is written into a marker as it is.
func isMarkerByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:/@-", c) >= 0
}

// hashKey is a short stand-in for a key that is too long or not for others' eyes.
func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "%" + hex.EncodeToString(sum[:16])
}

// stepID names a step to another service, the same over all of its attempts.
func stepID(rt *actions.Runtime) string { return hashKey(rt.Key)[1:] }

// endsWith tells whether text ends with marker. Only the end counts: text before it may quote strangers, who could
// write a marker of their own.
func endsWith(text, marker string) bool {
	return strings.HasSuffix(strings.TrimSpace(text), marker)
}
