// Package builtin holds the actions that ship with hfbot, one file each. Importing it registers them in
// [github.com/hfbot/hfbot/actions.Default]:
//
//	import _ "github.com/hfbot/hfbot/actions/builtin"
package builtin
