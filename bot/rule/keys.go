package rule

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// onConflict are the ways a busy concurrency group is dealt with.
var onConflict = []string{"queue", "replace_queued", "cancel_running", "skip"}

// ruleKeys is the table of a rule's keys.
func ruleKeys(dr *draft, base defaults) []key {
	r := dr.rule
	return append([]key{
		{
			name: "id", doc: "Name of the rule, unique over all files.", required: true, schema: patternSchema(ruleID),
			decode: func(d *decoder, n *yaml.Node) { r.ID = d.ruleID(n) },
		},
		{
			name: "on", doc: "Events: a scope, scope.action, a list of them, {scope, action} or {command}.", required: true,
			schema: onSchema,
			decode: func(d *decoder, n *yaml.Node) { dr.decodeOn(d.resolve(n)) },
		},
		{
			name: "repos", doc: "Which repositories.", schema: objectSchema(func() []key { return reposKeys(emptyDraft()) }),
			decode: func(d *decoder, n *yaml.Node) { d.object(n, "repos", reposKeys(dr)) },
		},
		{
			name: "refs", doc: "Globs of git refs; one run for each that matches.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) { dr.decodeRefs(n) },
		},
		{
			name: "deleted", doc: "Deleted refs match too.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) {
				dr.exprs.deleted = n
				r.deleted = d.boolean(n, "deleted")
			},
		},
		{
			name: "paths", doc: "Globs of changed paths.", schema: objectSchema(func() []key { return pathsKeys(emptyDraft()) }),
			decode: func(d *decoder, n *yaml.Node) {
				dr.exprs.paths = n
				d.object(n, "paths", pathsKeys(dr))
			},
		},
		{
			name: "if", doc: "A CEL condition.", schema: conditionSchema,
			decode: func(d *decoder, n *yaml.Node) { dr.exprs.cond = d.expression(n, "if") },
		},
	}, append(controlKeys(dr), []key{
		{
			name: "own_events", doc: "React to what the bot itself did.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) { r.OwnEvents = d.boolean(n, "own_events") },
		},
		{
			name: "timeout", doc: "Default timeout of the steps.", schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { base.timeout = d.duration(n, "timeout") },
		},
		{
			name: "retry", doc: "Default retry of the steps.", schema: objectSchema(func() []key { return retryKeys(&retry{}) }),
			decode: func(d *decoder, n *yaml.Node) { d.object(n, "retry", retryKeys(&base.retry)) },
		},
		{
			name: "steps", doc: "What to do, in order.", required: true, schema: listSchema(stepSchema),
			decode: func(_ *decoder, n *yaml.Node) { dr.decodeSteps(n, base) },
		},
	}...)...)
}

// ruleID reads the id of a rule, "" when it is wrong.
func (d *decoder) ruleID(n *yaml.Node) string {
	switch {
	case !d.isText(n, "id"): // that was reported
	case !ruleID.MatchString(n.Value):
		d.errorf(n, "id must match %s, got %s", ruleID, shown(n))
	case n.Value == OwnID:
		d.errorf(n, "the id %s is the bot's own; call the rule something else", OwnID)
	default:
		return n.Value
	}
	return ""
}

// emptyDraft is what a table of keys is asked for its schema with.
func emptyDraft() *draft { return &draft{decoder: &decoder{loader: &loader{}}, rule: &Rule{}} }

// expression keeps the node of an expression, nil when it is no text. A bool or number is an expression too.
func (d *decoder) expression(n *yaml.Node, what string) *yaml.Node {
	if n = d.resolve(n); d.isText(n, what) {
		return n
	}
	return nil
}

// controlKeys are the keys that hold runs, or their effects, back.
func controlKeys(dr *draft) []key {
	r := dr.rule
	return []key{
		{
			name: "dry_run", doc: "Run the steps without their effects.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) { r.DryRun = d.boolean(n, "dry_run") },
		},
		{
			name: "debounce", doc: "The last event of the key wins.",
			schema: objectSchema(func() []key { return debounceKeys(emptyDraft(), &Debounce{}) }),
			decode: func(d *decoder, n *yaml.Node) {
				r.Debounce = &Debounce{}
				d.object(n, "debounce", debounceKeys(dr, r.Debounce))
				if r.Debounce.Max == 0 {
					r.Debounce.Max = 10 * r.Debounce.Wait
				}
				if r.Debounce.Max < r.Debounce.Wait {
					d.errorf(n, "debounce.max (%v) is less than debounce.wait (%v)", r.Debounce.Max, r.Debounce.Wait)
				}
			},
		},
		{
			name: "concurrency", doc: "At most one run of a group at a time.",
			schema: objectSchema(func() []key { return concurrencyKeys(emptyDraft(), &Concurrency{}) }),
			decode: func(d *decoder, n *yaml.Node) {
				r.Concurrency = &Concurrency{OnConflict: onConflict[0]}
				d.object(n, "concurrency", concurrencyKeys(dr, r.Concurrency))
			},
		},
		{
			name: "once_per", doc: "CEL expressions; the rule succeeds once for their values.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) {
				r.OncePer = true
				d.notEmpty(n, "once_per", "an expression")
				for _, e := range d.list(n) {
					if e = d.expression(e, "once_per"); e != nil {
						dr.exprs.once = append(dr.exprs.once, e)
					}
				}
			},
		},
		{
			name: "rate_limit", doc: "Runs of the key beyond max in per are skipped.",
			schema: objectSchema(func() []key { return rateKeys(emptyDraft(), &RateLimit{}) }),
			decode: func(d *decoder, n *yaml.Node) {
				r.RateLimit = &RateLimit{}
				d.object(n, "rate_limit", rateKeys(dr, r.RateLimit))
			},
		},
		{
			name: "breaker", doc: "More runs on one repository stop the rule there.",
			schema: objectSchema(func() []key { return breakerKeys(&Breaker{}) }),
			decode: func(d *decoder, n *yaml.Node) {
				r.Breaker = &Breaker{}
				d.object(n, "breaker", breakerKeys(r.Breaker))
			},
		},
	}
}

func debounceKeys(dr *draft, v *Debounce) []key {
	return []key{
		{
			name: "key", doc: "A CEL expression.", required: true, schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { dr.exprs.debounce = d.expression(n, "debounce.key") },
		},
		{
			name: "wait", doc: "How long it must be quiet.", required: true, schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { v.Wait = d.duration(n, "debounce.wait") },
		},
		{
			name: "max", doc: "The longest wait; ten times wait by default.", schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { v.Max = d.duration(n, "debounce.max") },
		},
	}
}

func concurrencyKeys(dr *draft, v *Concurrency) []key {
	return []key{
		{
			name: "group", doc: "Name of the group; a template.", required: true, schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { dr.exprs.group = d.expression(n, "concurrency.group") },
		},
		{
			name: "on_conflict", doc: "What happens when the group is busy.", schema: enumSchema(onConflict...),
			decode: func(d *decoder, n *yaml.Node) {
				if !slices.Contains(onConflict, n.Value) {
					d.errorf(n, "concurrency.on_conflict must be one of %v, got %s", onConflict, shown(n))
					return
				}
				v.OnConflict = n.Value
			},
		},
	}
}

func rateKeys(dr *draft, v *RateLimit) []key {
	return append([]key{{
		name: "key", doc: "A CEL expression.", required: true, schema: textSchema,
		decode: func(d *decoder, n *yaml.Node) { dr.exprs.rate = d.expression(n, "rate_limit.key") },
	}}, countKeys("rate_limit", (*Breaker)(v))...)
}

func breakerKeys(v *Breaker) []key { return countKeys("breaker", v) }

func countKeys(what string, v *Breaker) []key {
	return []key{
		{
			name: "max", doc: "How many runs.", required: true, schema: intSchema,
			decode: func(d *decoder, n *yaml.Node) { v.Max = d.count(n, what+".max", 1, 1_000_000) },
		},
		{
			name: "per", doc: "In what time.", required: true, schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { v.Per = d.duration(n, what+".per") },
		},
	}
}
