package expr

import (
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/bmatcuk/doublestar/v4"
)

// Glob tells whether s matches pattern: * within a path segment, ** across segments, ?, [a-z] and {a,b}. A pattern with
// a colon is one of a tag, such as license:* or dataset:*; there * crosses slashes too, because the names after the
// colon hold them. A malformed pattern matches nothing.
func Glob(s, pattern string) bool {
	if strings.Contains(pattern, ":") {
		s, pattern = strings.ReplaceAll(s, "/", "\x00"), strings.ReplaceAll(pattern, "/", "\x00")
	}
	return doublestar.MatchUnvalidated(pattern, s)
}

// ValidGlob tells whether a pattern is well formed.
func ValidGlob(pattern string) bool { return doublestar.ValidatePattern(pattern) }

// typeOfTexts is the Go type that lists of text are read as.
var typeOfTexts = reflect.TypeFor[[]string]()

// functions are what the language adds to CEL's own.
func functions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("glob", cel.Overload("glob_string_string",
			[]*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(s, pattern ref.Val) ref.Val {
				return types.Bool(Glob(string(s.(types.String)), string(pattern.(types.String))))
			}))),
		cel.Function("@has_tag", cel.Overload("has_tag_list_string",
			[]*cel.Type{cel.ListType(cel.StringType), cel.StringType}, cel.BoolType,
			cel.BinaryBinding(hasTag))),
		cel.Function("size", cel.Overload("size_updated_config",
			[]*cel.Type{recordType(typeConfig)}, cel.IntType)), // answered by object.Size
	}
}

func hasTag(tags, pattern ref.Val) ref.Val {
	list, err := tags.ConvertToNative(typeOfTexts)
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(slices.ContainsFunc(list.([]string), func(tag string) bool {
		return Glob(tag, string(pattern.(types.String)))
	}))
}

// macros are has, which also takes a top-level name; has_tag over the lazy fact tags; and the three tests of a step's
// condition, which read hidden variables.
func macros() []cel.Macro {
	return []cel.Macro{
		cel.GlobalMacro("has", 1, expandHas),
		cel.GlobalMacro("has_tag", 1, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return eh.NewCall("@has_tag", eh.NewIdent("tags"), args[0]), nil
		}),
		statusMacro("always", varAlways),
		statusMacro("failure", varFailure),
		statusMacro("success", varSuccess),
	}
}

func statusMacro(name, variable string) cel.Macro {
	return cel.GlobalMacro(name, 0, func(eh cel.MacroExprFactory, _ ast.Expr, _ []ast.Expr) (ast.Expr, *common.Error) {
		return eh.NewIdent(variable), nil
	})
}

// expandHas makes has(x.y) a presence test, as CEL does, and has(x) one on the payload itself.
func expandHas(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	switch arg := args[0]; arg.Kind() {
	case ast.SelectKind:
		s := arg.AsSelect()
		return eh.NewPresenceTest(s.Operand(), s.FieldName()), nil
	case ast.IdentKind:
		name := arg.AsIdent()
		if slices.Contains(FactNames, name) {
			return nil, eh.NewError(arg.ID(), "has("+name+") says nothing: "+name+" is looked up on the Hub and is always there")
		}
		return eh.NewPresenceTest(eh.NewIdent(varEvent), name), nil
	}
	return nil, eh.NewError(args[0].ID(), "has() takes a name or a key, such as has(comment) or has(comment.content)")
}
