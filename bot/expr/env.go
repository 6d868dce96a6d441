package expr

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"github.com/hfbot/hfbot/actions"
)

// Hidden variables: an author cannot write a name that starts with @.
const (
	varEvent   = "@event"
	varAlways  = "@always"
	varFailure = "@failure"
	varSuccess = "@success"
)

// maxSource bounds an expression's text, in code points.
const maxSource = 16 << 10

// Env type-checks and evaluates the expressions of one rule. It is safe for concurrent use.
type Env struct {
	cel   *cel.Env
	types *typeTable
	mu    *sync.RWMutex // held alone while the names in a mistake are looked for, so that they belong to one expression
}

// baseEnv is what all environments extend: everything but the types of vars, command and steps.
var baseEnv = sync.OnceValues(func() (*Env, error) {
	table, err := newTypeTable(nil, append(baseRecords(), ruleRecords(Options{})...)...)
	if err != nil {
		return nil, err
	}
	opts := []cel.EnvOption{
		cel.OptionalTypes(),
		ext.Strings(),
		cel.CustomTypeAdapter(table),
		cel.CustomTypeProvider(table),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EnableMacroCallTracking(),
		cel.EnableIdentifierEscapeSyntax(),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.Macros(macros()...),
	}
	opts = append(opts, functions()...)
	for _, f := range slices.Concat(payloadVariables, contextVariables, factVariables) {
		opts = append(opts, cel.Variable(f.name, f.typ))
	}
	for _, name := range []string{varAlways, varFailure, varSuccess} {
		opts = append(opts, cel.Variable(name, cel.BoolType))
	}
	opts = append(opts, cel.Variable(varEvent, recordType(typeEvent)))
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("make the expression environment: %w", err)
	}
	return &Env{cel: env, types: table, mu: new(sync.RWMutex)}, nil
})

// New returns an environment for a rule. It fails only on Options that no rule file can produce, such as an output of
// an unknown type.
func New(opts Options) (*Env, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	if len(opts.Vars)+len(opts.Args)+len(opts.Steps) == 0 {
		return base, nil
	}
	table, err := newTypeTable(base.types, ruleRecords(opts)...)
	if err != nil {
		return nil, err
	}
	env, err := base.cel.Extend(cel.CustomTypeAdapter(table), cel.CustomTypeProvider(table))
	if err != nil {
		return nil, fmt.Errorf("extend the expression environment: %w", err)
	}
	return &Env{cel: env, types: table, mu: new(sync.RWMutex)}, nil
}

// ruleRecords are the types that differ from rule to rule.
func ruleRecords(opts Options) []*record {
	vars := newRecord(typeVars)
	for name, v := range opts.Vars {
		vars.fields[name] = constantType(v)
		vars.order = append(vars.order, name)
	}
	slices.Sort(vars.order)
	args := newRecord(typeArgs)
	for _, a := range opts.Args {
		args.fields[a.Name] = fieldType(actions.Field{Type: a.Type})
		args.order = append(args.order, a.Name)
	}
	steps := newRecord(StepsRecord)
	records := []*record{
		vars, args, steps,
		newRecord(typeCommand, field{"name", text}, field{"args", recordType(typeArgs)}),
	}
	for _, s := range opts.Steps {
		outputs := newRecord("Outputs." + s.ID)
		for _, out := range s.Outputs {
			outputs.fields[out.Name] = fieldType(out)
			outputs.order = append(outputs.order, out.Name)
		}
		step := newRecord("Step."+s.ID,
			field{"ok", boolean}, field{"state", text}, field{"error", text}, field{"outputs", recordType(outputs.name)})
		steps.fields[s.ID] = recordType(step.name)
		steps.order = append(steps.order, s.ID)
		records = append(records, outputs, step)
	}
	return records
}

// fieldType is the CEL type of an action's input or output.
func fieldType(f actions.Field) *cel.Type {
	switch f.Type {
	case "", "string":
		return cel.StringType
	case "int":
		return cel.IntType
	case "float":
		return cel.DoubleType
	case "bool":
		return cel.BoolType
	case "list":
		if f.Elem == "" {
			return cel.ListType(cel.DynType)
		}
		return cel.ListType(fieldType(actions.Field{Type: f.Elem}))
	case "map":
		return cel.MapType(cel.StringType, cel.DynType)
	}
	return cel.DynType
}

// constantType is the CEL type of a value decoded from YAML.
func constantType(v any) *cel.Type {
	switch v := v.(type) {
	case string:
		return cel.StringType
	case bool:
		return cel.BoolType
	case int, int64:
		return cel.IntType
	case float64:
		if v == math.Trunc(v) { // JSON, in which runs keep their vars, knows no other integers
			return cel.IntType
		}
		return cel.DoubleType
	case []string:
		return cel.ListType(cel.StringType)
	case []any:
		return cel.ListType(elementType(v))
	case map[string]any:
		return cel.MapType(cel.StringType, cel.DynType)
	}
	return cel.DynType
}

func elementType(list []any) *cel.Type {
	for _, e := range list {
		if _, ok := e.(string); !ok {
			return cel.DynType
		}
	}
	return cel.StringType
}
