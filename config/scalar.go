package config

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/viper"
)

// checkScalars tells in a person's words which numbers and switches are none; the decoder would talk of strconv.
func checkScalars(v *viper.Viper) error {
	var errs []error
	for _, s := range Settings {
		text := fmt.Sprint(v.Get(s.Key))
		switch s.Kind {
		case Number:
			if _, err := strconv.Atoi(text); err != nil {
				errs = append(errs, fmt.Errorf("setting %s: %q is no whole number", s.Key, text))
			}
		case Switch:
			if _, err := strconv.ParseBool(text); err != nil {
				errs = append(errs, fmt.Errorf("setting %s: %q is neither true nor false", s.Key, text))
			}
		case Text, List:
		}
	}
	return errors.Join(errs...)
}
