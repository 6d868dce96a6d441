package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// FindRules returns the rules to use in a folder when none are named: its rules.yaml, else its folder rules.
func FindRules(dir string) ([]string, error) {
	for _, name := range []string{"rules.yaml", "rules"} {
		path := filepath.Join(dir, name)
		_, err := os.Stat(path)
		if err == nil {
			return []string{path}, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("look for rules: %w", err)
		}
	}
	return nil, fmt.Errorf("no rules: there is neither rules.yaml nor a folder rules in %s; "+
		"name them with --rules, or as PATH of check and test", dir)
}
