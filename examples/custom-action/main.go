// Command repo-size is hfbot with one more action.
package main

import (
	"os"

	_ "example.org/repo-size/size"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/cmd"
)

func main() { os.Exit(cmd.Main()) }
