// Command hfbot is the bot with the actions it ships. To make one with actions of your own, copy this file into a
// module of yours and import them here.
package main

import (
	"os"

	_ "github.com/hfbot/hfbot/actions/builtin" // the shipped actions register themselves
	"github.com/hfbot/hfbot/cmd"
)

func main() { os.Exit(cmd.Main()) }
