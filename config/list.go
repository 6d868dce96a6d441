package config

import (
	"reflect"
	"strings"
)

// splitList turns the text of a list, as the environment gives it, into its parts: separated by commas, without the
// space around them, empty parts left out.
func splitList(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Slice {
		return value, nil
	}
	parts := []string{}
	for part := range strings.SplitSeq(reflect.ValueOf(value).String(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts, nil
}
