package emulator

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
)

// objectID is the form of every id on the Hub: 24 hex digits.
var objectID = regexp.MustCompile(`^[0-9a-f]{24}$`)

// newID makes an id that no one can guess.
func newID() string {
	var id [12]byte
	rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(id[:])
}
