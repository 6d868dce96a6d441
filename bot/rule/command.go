package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/internal/near"
)

// Command is a slash command: a line of a comment that begins with its name.
type Command struct {
	Name  string   // with its slash
	Args  []Arg    // in the order in which they may be given without a name
	Allow []string // write, author, anyone, user:NAME
	Help  string
}

// Arg is an argument of a command.
type Arg struct {
	Name     string
	Type     string // string, int, float or bool
	Enum     []string
	Default  any
	Required bool
	Help     string
}

var (
	commandName = regexp.MustCompile(`^/[a-z][a-z0-9_-]*$`)
	argTypes    = []string{"string", "int", "float", "bool"}
)

func commandKeys(c *Command) []key {
	return []key{
		{
			name: "name", doc: "The command, with its slash.", required: true, schema: patternSchema(commandName),
			decode: func(d *decoder, n *yaml.Node) {
				c.Name, _ = d.constant(n, "command.name")
				if !commandName.MatchString(c.Name) {
					d.errorf(n, "command.name must match %s, got %s", commandName, shown(n))
				} else if c.Name == "/hfbot" || c.Name == "/help" {
					d.errorf(n, "command.name: %s is the bot's own", c.Name)
				}
			},
		},
		{
			name: "args", doc: "Arguments by name.", schema: argsSchema,
			decode: func(d *decoder, n *yaml.Node) { c.Args = d.decodeArgs(n) },
		},
		{
			name: "allow", doc: "Who may: write, author, user:NAME, anyone.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) {
				d.notEmpty(n, "command.allow", "who may")
				c.Allow = d.texts(n, "command.allow")
				for _, who := range c.Allow {
					if !slices.Contains([]string{"write", "author", "anyone"}, who) && !strings.HasPrefix(who, "user:") {
						d.errorf(n, "command.allow: %q is none of write, author, anyone, user:NAME", who)
					}
				}
			},
		},
		{
			name: "help", doc: "One line for /help.", schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { c.Help, _ = d.constant(n, "command.help") },
		},
	}
}

func (d *decoder) decodeArgs(n *yaml.Node) []Arg {
	var args []Arg
	for _, p := range d.mapping(n, "command.args") {
		a := Arg{Name: p.key.Value, Type: "string"}
		if !nameForm.MatchString(a.Name) {
			d.errorf(p.key, "the name of an argument must match %s", nameForm)
		}
		if p.value.Tag != "!!null" {
			d.object(p.value, "an argument", argKeys(&a))
		}
		if a.Default != nil {
			if v, err := a.parse(fmt.Sprint(a.Default)); err != nil {
				d.errorf(p.value, "default of argument %q: %v", a.Name, err)
			} else {
				a.Default = v
			}
		}
		args = append(args, a)
	}
	return args
}

func argKeys(a *Arg) []key {
	return []key{
		{
			name: "type", doc: "string, int, float or bool.", schema: enumSchema(argTypes...),
			decode: func(d *decoder, n *yaml.Node) {
				if a.Type = n.Value; !slices.Contains(argTypes, a.Type) {
					d.errorf(n, "the type of an argument must be one of %s, got %s", strings.Join(argTypes, ", "), shown(n))
				}
			},
		},
		{
			name: "enum", doc: "The only values.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) {
				d.notEmpty(n, "enum", "a value")
				a.Enum = d.texts(n, "enum")
			},
		},
		{
			name: "default", doc: "The value when it is not given.", schema: anySchema,
			decode: func(d *decoder, n *yaml.Node) { a.Default = d.scalar(n, "default") },
		},
		{
			name: "required", doc: "It must be given.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) { a.Required = d.boolean(n, "required") },
		},
		{
			name: "help", doc: "One line for /help.", schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { a.Help, _ = d.constant(n, "help") },
		},
	}
}

// parse reads an argument as its type.
func (a Arg) parse(s string) (v any, err error) {
	switch a.Type {
	case "int":
		v, err = strconv.ParseInt(s, 10, 64)
	case "float":
		v, err = strconv.ParseFloat(s, 64)
	case "bool":
		v, err = strconv.ParseBool(s)
	default:
		v = s
	}
	if err != nil {
		return nil, fmt.Errorf("%s must be %s, got %q", a.Name, a.Type, s)
	}
	if len(a.Enum) > 0 && !slices.Contains(a.Enum, s) {
		hint := ""
		if best := near.Best(s, a.Enum); best != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", best)
		}
		return nil, fmt.Errorf("%s must be one of %s, got %q%s", a.Name, strings.Join(a.Enum, ", "), s, hint)
	}
	return v, nil
}

// Parse gives the arguments of an invocation their types. They stand in the order of Args, or by name: dtype=bf16,
// --dtype bf16, --dtype=bf16.
func (c *Command) Parse(words []string) (map[string]any, error) {
	values := map[string]any{}
	next := 0
	for i := 0; i < len(words); i++ {
		name, value, named := c.named(words[i])
		switch {
		case named && value == nil:
			if i++; i == len(words) {
				return nil, fmt.Errorf("%s has no value", name)
			}
			value = &words[i]
		case !named:
			for next < len(c.Args) && values[c.Args[next].Name] != nil {
				next++
			}
			if next == len(c.Args) {
				return nil, fmt.Errorf("%q is one argument too many", words[i])
			}
			name, value = c.Args[next].Name, &words[i]
		}
		at := slices.IndexFunc(c.Args, func(a Arg) bool { return a.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no argument %q", name)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		v, err := c.Args[at].parse(*value)
		if err != nil {
			return nil, err
		}
		values[name] = v
	}
	return c.complete(values)
}

// named splits dtype=bf16 and --dtype; a word with = that names no argument is a plain value.
func (c *Command) named(word string) (name string, value *string, ok bool) {
	flag, dashed := strings.CutPrefix(word, "--")
	name, after, split := strings.Cut(flag, "=")
	known := slices.ContainsFunc(c.Args, func(a Arg) bool { return a.Name == name })
	switch {
	case split && (known || dashed):
		return name, &after, true
	case dashed && flag != "":
		return name, nil, true
	}
	return "", nil, false
}

// complete adds defaults, the zero of the type where there is none, and refuses what is missing.
func (c *Command) complete(values map[string]any) (map[string]any, error) {
	for _, a := range c.Args {
		if _, given := values[a.Name]; given {
			continue
		}
		if a.Required {
			return nil, fmt.Errorf("the argument %q is missing", a.Name)
		}
		values[a.Name] = a.Default
		if a.Default == nil {
			values[a.Name] = map[string]any{"string": "", "int": int64(0), "float": 0.0, "bool": false}[a.Type]
		}
	}
	return values, nil
}
