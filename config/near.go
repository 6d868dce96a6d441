package config

import (
	"fmt"

	"github.com/hfbot/hfbot/internal/near"
)

// suggestion names the setting that was probably meant.
func suggestion(key string) string {
	keys := make([]string, len(Settings))
	for i, s := range Settings {
		keys[i] = s.Key
	}
	return nearest(key, keys)
}

// nearest names the word that was probably meant, or where all of them stand when none is near.
func nearest(word string, known []string) string {
	if best := near.Best(word, known); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return "; docs/settings.md lists them"
}
