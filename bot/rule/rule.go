// Package rule decides which rules a delivery matches, and explains it. It is pure: facts come through an interface,
// the clock is given, nothing is written. The language is that of rules.yaml; every mistake in it is found by Load.
package rule

import (
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
)

// Set is the loaded rules, with their index. It never changes after Load.
type Set struct {
	Rules    []*Rule
	Files    []string
	Hash     string    // of all sources
	LoadedAt time.Time // when

	index index
}

// Rule is one rule as loaded.
type Rule struct {
	ID          string
	File        string
	Line        int
	Hash        string   // of its source
	Dir         string   // folder of its file, for templates
	Source      []string // its lines in the file, from Line on
	Summary     string   // in plain words
	OwnEvents   bool
	DryRun      bool // its steps run without their effects
	Vars        map[string]any
	Debounce    *Debounce
	Concurrency *Concurrency
	OncePer     bool
	RateLimit   *RateLimit
	Breaker     *Breaker
	Command     *Command // nil unless on is a command
	Steps       []Step

	on      []trigger
	onLine  int
	repos   repos
	refs    refs
	paths   paths
	cond    *condition
	keys    keys
	deleted bool
}

// Debounce joins the events of a key: the last one wins after Wait of quiet, at the latest after Max.
type Debounce struct{ Wait, Max time.Duration }

// Concurrency says what happens to a run whose group is busy: queue, replace_queued, cancel_running or skip.
type Concurrency struct{ OnConflict string }

// RateLimit allows Max runs of a key in Per.
type RateLimit struct {
	Max int
	Per time.Duration
}

// Breaker stops a rule for a repository after Max runs in Per.
type Breaker struct {
	Max int
	Per time.Duration
}

// Step is one step as loaded, templates unexpanded.
type Step struct {
	ID              string // the author's; empty without
	Uses            string
	With            map[string]any
	If              string
	Timeout         time.Duration // 0: the action's, else the engine's
	RetryMax        int
	RetryBackoff    time.Duration
	RetryFactor     float64
	Secrets         map[string]string
	ContinueOnError bool
	Line            int

	templates map[string]*expr.Template // by their source
}

// keys are the compiled keys of a rule; nil where the rule has none.
type keys struct {
	once     []*expr.Program
	debounce *expr.Program
	group    *expr.Template
	rate     *expr.Program
}

// Options for Load.
type Options struct {
	Actions   *actions.Registry
	LookupEnv func(string) (string, bool) // for the warning about secrets; nil: none
}
