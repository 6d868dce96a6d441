package store

import "time"

// Run is one execution of a matched rule for one delivery (and ref).
type Run struct {
	ID           string // UUIDv7
	DeliveryID   string
	Rule         string
	Repo         string
	RepoType     string
	RepoID       string
	Ref          string
	SHA          string
	OwnCaused    bool // the event was the bot's own act; the breaker counts such runs apart
	State        RunState
	Reason       string    // why it waits, was skipped or cancelled
	CancelReason string    // not empty: it is to be cancelled, and its worker was told
	WaitUntil    time.Time // zero unless Waiting on a time
	Attempt      int       // of the run as a whole: 1, and one more for each retry by hand
	Plan         Plan
	Error        string
	CreatedAt    time.Time
	StartedAt    time.Time
	FinishedAt   time.Time

	OnceKey     string // value of once_per, when TakeOnce took one for this run
	RateKey     string // value of rate_limit.key, counted by Tx.CountRuns
	DebounceKey string // set by Tx.Debounce
	GroupKey    string // set by Tx.JoinGroup

	Steps []Step // filled by Store.Run and Tx.Claim

	waitFor       string
	debounceSince time.Time
	onConflict    string
}

// Plan is the rule as it matched; resume and retry use it, whatever the rules say now.
type Plan struct {
	RuleHash string         `json:"rule_hash"`
	RulesDir string         `json:"rules_dir,omitempty"` // where templates lie
	Vars     map[string]any `json:"vars,omitempty"`
	Command  map[string]any `json:"command,omitempty"`
	// ArgTypes are the types of the command's arguments by name: string, int, float or bool.
	ArgTypes map[string]string `json:"arg_types,omitempty"`
	Facts    map[string]any    `json:"facts,omitempty"` // facts fetched while matching
	Key      string            `json:"key"`             // root of the idempotency keys of its steps
	DryRun   bool              `json:"dry_run,omitempty"`
	Steps    []StepPlan        `json:"steps"`
}

// StepPlan is one step of a rule.
type StepPlan struct {
	ID              string            `json:"id"` // the author's, or "#1" by position
	Uses            string            `json:"uses"`
	With            map[string]any    `json:"with,omitempty"` // templates unexpanded
	If              string            `json:"if,omitempty"`
	Timeout         time.Duration     `json:"timeout,omitempty"`
	Retry           Retry             `json:"retry"`
	Secrets         map[string]string `json:"secrets,omitempty"` // secret -> environment variable
	ContinueOnError bool              `json:"continue_on_error,omitempty"`
}

// Retry says how often and how fast a step is tried again.
type Retry struct {
	Max     int           `json:"max"` // tries after the first one
	Backoff time.Duration `json:"backoff"`
	Factor  float64       `json:"factor"`
	Force   bool          `json:"force,omitempty"` // the step itself asks: also when its action is not idempotent
}

// Step is a step of a run as it stands.
type Step struct {
	Index      int
	ID         string
	Uses       string
	State      RunState       // all but Waiting's reasons apply; Waiting is between two attempts
	Attempt    int            // attempts begun, those that the bot's own death cut off included
	Failures   int            // attempts that failed, which is what retry.max bounds
	With       map[string]any // inputs as expanded, secrets masked
	Outputs    map[string]any
	Error      string
	StartedAt  time.Time
	FinishedAt time.Time
}

// Attempt is one try of a step.
type Attempt struct {
	Step       int // index of the step
	Number     int // from 1
	State      string
	Error      string
	StartedAt  time.Time
	FinishedAt time.Time
}
