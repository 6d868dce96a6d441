package builtin

import (
	"fmt"
	"regexp"
	"strings"
)

// refName is the shape of a branch or tag that hfbot writes; git allows more (git-check-ref-format).
var refName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+@/-]{0,199}$`)

// checkRefName tells why a text is no name for a branch or tag. What says which, for the error.
func checkRefName(what, name string) error {
	bad := !refName.MatchString(name) || strings.HasPrefix(name, "refs/")
	for _, part := range []string{"..", "//", "/.", "@{"} {
		bad = bad || strings.Contains(name, part)
	}
	for _, end := range []string{".", "/", ".lock"} {
		bad = bad || strings.HasSuffix(name, end)
	}
	if bad {
		return fmt.Errorf("%s: %q is no name for one: letters, digits and ._+@/- are allowed", what, name)
	}
	return nil
}
