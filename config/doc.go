// Package config reads the settings of a bot process: flags over environment over hfbot.yaml over defaults.
//
// All settings stand in one table, [Settings]. The flags of the commands, the names in the environment, the keys of the
// file and docs/settings.md come from it. What a rules file says is no setting; package bot/rule reads that.
package config
