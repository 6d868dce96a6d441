package expr

import (
	"maps"
	"slices"

	"cel.dev/cel-go/common/ast"
)

// Names are the top-level variables that the expression reads, sorted; those it binds itself, as in exists, are left
// out where they hide no variable of the language.
func (p *Program) Names() []string {
	known := variableNames()
	found := map[string]bool{}
	walk(p.ast.NativeRep().Expr(), func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && slices.Contains(known, e.AsIdent()) {
			found[e.AsIdent()] = true
		}
	})
	return slices.Sorted(maps.Keys(found))
}

// strangers are the values that anybody can write: whole variables, and keys of variables.
var strangers = map[string][]string{
	"card": nil, "files": nil, "changed": nil, "updatedFiles": nil, "updatedRefs": nil, "command": nil, "ref": nil,
	"comment": {"content"}, "discussion": {"title"}, "commit": {"title", "message"},
}

// Untrusted names a value in the expression that strangers wrote, such as comment.content; "" when there is none.
func (p *Program) Untrusted() string {
	found := ""
	walk(p.ast.NativeRep().Expr(), func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if keys, ok := strangers[e.AsIdent()]; ok && keys == nil {
				found = e.AsIdent()
			}
		case ast.SelectKind:
			s := e.AsSelect()
			if s.Operand().Kind() == ast.IdentKind && slices.Contains(strangers[s.Operand().AsIdent()], s.FieldName()) {
				found = s.Operand().AsIdent() + "." + s.FieldName()
			}
		}
	})
	return found
}
