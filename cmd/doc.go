// Package cmd is the command line of hfbot: one file for each command, an options struct and the function that does the
// work. A bot with actions of its own is a main package that imports its actions and calls [Main].
package cmd
