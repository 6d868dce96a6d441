package expr

import (
	"fmt"
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// maxCost is the greatest cost an expression may have at the sizes below, in CEL's units; one is about 16 to 50 ns.
const maxCost = 10_000_000

// Sizes that expressions are costed for.
const (
	sizeFiles   = 20_000   // files, changed
	sizeComment = 64 << 10 // comment.content, commit.message, in characters
	sizeTags    = 200
	sizeUpdated = 10_000 // updatedFiles: the Hub cuts the list there
	sizeList    = 1_000  // any other list or map
	sizeText    = 256    // any other text
)

// sizes implements cost.Estimator.
type sizes struct{}

// EstimateSize implements cost.Estimator.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil {
		return nil
	}
	limit := uint64(sizeText)
	switch path := node.Path(); {
	case len(path) == 1 && (path[0] == "files" || path[0] == "changed"):
		limit = sizeFiles
	case len(path) == 1 && path[0] == "tags":
		limit = sizeTags
	case len(path) == 1 && path[0] == "updatedFiles":
		limit = sizeUpdated
	case len(path) == 2 && (path[0] == "comment" && path[1] == "content" || path[0] == "commit" && path[1] == "message"):
		limit = sizeComment
	case node.Type().Kind() == types.ListKind && len(path) == 0:
		limit = sizeFiles
	case node.Type().Kind() == types.ListKind, node.Type().Kind() == types.MapKind:
		limit = sizeList
	}
	return &cost.SizeEstimate{Max: limit}
}

// EstimateCallCost implements cost.Estimator for the functions the language adds.
func (s sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	switch function {
	case "glob":
		return callCost(s.max(args[0])/2 + 1)
	case "@has_tag":
		return callCost(sizeTags * sizeText / 2)
	case "size":
		return nil
	}
	return nil
}

func (s sizes) max(node cost.AstNode) uint64 {
	if computed := node.ComputedSize(); computed != nil {
		return computed.Max
	}
	return s.EstimateSize(node).Max
}

func callCost(units uint64) *cost.CallEstimate {
	return cost.NewCallEstimate(cost.Estimate{Min: 1, Max: units}, nil)
}

// checkCost refuses an expression that may cost too much. One loop is always accepted, whatever is done for each
// element: its time grows with the repository, not with its square, and evaluation has a deadline besides. Without a loop
// nothing looks at the deadline, and what is dear makes a text too large to hold: replace with a long text.
func (p *Program) checkCost() *Issue {
	estimate, err := p.env.cel.EstimateCost(p.ast, sizes{})
	if err != nil {
		return &Issue{Message: fmt.Sprintf("the cost of the expression is unknown: %v", err)}
	}
	depth := loops(p.ast.NativeRep().Expr())
	unknown := estimate.Max == math.MaxUint64 // of a value whose type only the run tells, such as a key of the card
	if estimate.Max <= maxCost || depth == 1 || depth == 0 && unknown {
		return nil
	}
	cost := fmt.Sprintf("%.2g", float64(estimate.Max))
	if unknown {
		cost = "any number of"
	}
	return &Issue{
		Offset:  p.dearest(depth),
		Message: fmt.Sprintf("expression may cost %s steps (limit %s)", exponent(cost), exponent("1e+07")),
	}
}

// dearest is where the first condition begins that has as many loops inside each other as the whole expression.
func (p *Program) dearest(depth int) int {
	for _, e := range conjuncts(p.ast.NativeRep().Expr()) {
		if loops(e) == depth {
			return p.start(e)
		}
	}
	return 0
}

// exponent writes 1.3e+10 as people do: 1.3e10.
func exponent(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		afterE := i > 0 && (s[i-1] == 'e' || s[i-1] == '+')
		if afterE && (s[i] == '+' || s[i] == '0') {
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// loops is the greatest number of loops one inside the other, counting a search in a list and joining one as a loop.
func loops(e ast.Expr) int {
	inner := 0
	for _, child := range children(e) {
		inner = max(inner, loops(child))
	}
	switch e.Kind() {
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		body := max(loops(c.LoopStep()), loops(c.LoopCondition()))
		return max(1+body, loops(c.IterRange()), loops(c.AccuInit()), loops(c.Result()))
	case ast.CallKind:
		switch e.AsCall().FunctionName() {
		case operators.In, "@has_tag":
			return 1 + inner
		case "join": // after the loop that makes its list, not inside
			return max(1, inner)
		}
	}
	return inner
}

// children are the direct subexpressions of e.
func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var list []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			list = append(list, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return list
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	}
	return nil
}
