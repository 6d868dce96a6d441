package emulator

import (
	"time"

	"github.com/hfbot/hfbot/hub"
)

// The records of a local Hub on disk. Accounts are named by their id.

type accountRecord struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Org     bool      `json:"org,omitempty"`
}

type repoRecord struct {
	Type                hub.RepoType      `json:"type"`
	Name                string            `json:"name"`
	Former              []string          `json:"former,omitempty"` // keys that lead here
	Owner               string            `json:"owner"`
	Creator             string            `json:"creator,omitempty"`
	Created             time.Time         `json:"created"`
	Updated             time.Time         `json:"updated"`
	Private             bool              `json:"private,omitempty"`
	Gated               string            `json:"gated,omitempty"`
	DiscussionsDisabled bool              `json:"discussionsDisabled,omitempty"`
	Access              []accessRecord    `json:"access,omitempty"`
	Likes               []likeRecord      `json:"likes,omitempty"`
	SDK                 string            `json:"sdk,omitempty"`
	Space               *spaceRecord      `json:"space,omitempty"`
	Refs                map[string]string `json:"refs"`
	LastNumber          int               `json:"lastNumber"`
}

type accessRecord struct {
	User   string    `json:"user"`
	Status string    `json:"status"`
	At     time.Time `json:"at"`

	Granted bool `json:"granted,omitempty"`
}

type spaceRecord struct {
	Secrets   map[string]settingRecord `json:"secrets,omitempty"`
	Variables map[string]settingRecord `json:"variables,omitempty"`
	Paused    bool                     `json:"paused,omitempty"`
	Hardware  string                   `json:"hardware,omitempty"`
	Sleep     int                      `json:"sleep,omitempty"`
	DevMode   bool                     `json:"devMode,omitempty"`
	Volumes   []spaceVolume            `json:"volumes,omitempty"`
}

type settingRecord struct {
	Value       string    `json:"value"`
	Description string    `json:"description,omitempty"`
	Updated     time.Time `json:"updated"`
}

type discussionRecord struct {
	ID      string        `json:"id"`
	Num     int           `json:"num"`
	Title   string        `json:"title"`
	Author  string        `json:"author"`
	Created time.Time     `json:"created"`
	Status  string        `json:"status"`
	Pinned  bool          `json:"pinned,omitempty"`
	Events  []eventRecord `json:"events"`
	Pull    *pullRecord   `json:"pull,omitempty"`
}

type eventRecord struct {
	ID      string         `json:"id"`
	Kind    string         `json:"kind"`
	Author  string         `json:"author"`
	Created time.Time      `json:"created"`
	Comment *commentRecord `json:"comment,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
}

type commentRecord struct {
	Text     string    `json:"text"`
	Updated  time.Time `json:"updated"`
	Edits    int       `json:"edits,omitempty"`
	Editors  []string  `json:"editors,omitempty"`
	HiddenBy string    `json:"hiddenBy,omitempty"`

	Before []commentVersion `json:"before,omitempty"`
}

type pullRecord struct {
	Base        string `json:"base"`
	Head        string `json:"head"`
	MergeCommit string `json:"mergeCommit,omitempty"`
	RefDeleted  bool   `json:"refDeleted,omitempty"`
}

type webhookRecord struct {
	Number      int           `json:"number"` // order of creation
	Owner       string        `json:"owner"`
	URL         string        `json:"url"`
	Job         *jobSpec      `json:"job,omitempty"`
	Secret      string        `json:"secret,omitempty"`
	Watched     []hub.Watched `json:"watched"`
	Domains     []string      `json:"domains"`
	State       webhookState  `json:"state"`
	Failures    int           `json:"failures,omitempty"`
	LastTrigger time.Time     `json:"lastTrigger"`
	Triggers    triggerCount  `json:"triggers"`
}

type logRecord struct {
	Delivery deliveryRecord `json:"delivery"`
	Try      int            `json:"try"`
	Replay   bool           `json:"replay,omitempty"`
	URL      string         `json:"url"`
	Status   int            `json:"status"`
	Answer   string         `json:"answer,omitempty"`
	Error    string         `json:"error,omitempty"`
	Began    time.Time      `json:"began"`
	Took     time.Duration  `json:"took"`
}

type deliveryRecord struct {
	ID    string    `json:"id"`
	Hook  string    `json:"hook"`
	Event hub.Event `json:"event"`
	Repo  string    `json:"repo"`
	Body  []byte    `json:"body"`
}
