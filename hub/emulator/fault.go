package emulator

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// Faults are the ways in which the local Hub can misbehave on request, to try how a program copes. The zero value is
// a Hub without faults. Counts fall with each faulty request, until the fault is used up.
type Faults struct {
	PathPrefix string `json:"pathPrefix"` // only requests whose path begins so are faulty; empty: all

	RateLimited   int           `json:"rateLimited"`   // the next so many requests are answered 429
	RateRemaining int           `json:"rateRemaining"` // r= in their RateLimit header: 0 is the quota, more another limiter
	RateReset     time.Duration `json:"rateReset"`     // t= in the RateLimit header of these
	ServerErrors  int           `json:"serverErrors"`  // the next so many requests are answered 503
	ExpiredTokens int           `json:"expiredTokens"` // the next so many requests with a token are answered as if it had expired
	LostAnswers   int           `json:"lostAnswers"`   // the next so many requests are carried out, but their answer never arrives
	Truncated     int           `json:"truncated"`     // the bodies of the next so many successful GETs break off half way
	Delay         time.Duration `json:"delay"`         // each request waits so long

	DuplicateDeliveries bool          `json:"duplicateDeliveries"` // each webhook delivery is sent twice with the same Webhook-Id
	ReorderDeliveries   bool          `json:"reorderDeliveries"`   // every second delivery arrives before the one ahead of it
	DelayDeliveries     time.Duration `json:"delayDeliveries"`     // deliveries wait so long before their first try
	SpaceStage          string        `json:"spaceStage"`          // of all Spaces, such as BUILD_ERROR; empty: as they are
	OmitHeadSHA         bool          `json:"omitHeadSha"`         // payloads have no repo.headSha
	DisabledRepos       []string      `json:"disabledRepos"`       // access to these is disabled, such as models/owner/name
	TriggerLimit        int           `json:"triggerLimit"`        // triggers per webhook in 24 hours; 0: unlimited
}

// faultState is the faults as they are at the moment. The zero value has none.
type faultState struct {
	mu     sync.Mutex
	faults Faults
}

// disables tells whether access to a repository is disabled.
func (s *faultState) disables(ref hub.RepoRef) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.faults.DisabledRepos, func(name string) bool {
		return strings.EqualFold(name, string(ref.Type)+"s/"+ref.Name)
	})
}

// SetFaults replaces the faults from the next request and event on.
func (s *Server) SetFaults(f Faults) {
	s.hooks.faults.mu.Lock()
	defer s.hooks.faults.mu.Unlock()
	s.hooks.faults.faults = f
}

// deliveryFaults is the part of Faults that concerns deliveries.
type deliveryFaults struct {
	extraCopies  int
	reorder      bool
	delay        time.Duration
	omitHeadSHA  bool
	triggerLimit int
}

// deliveries is how the deliveries of one event are to be faulty.
func (s *faultState) deliveries() deliveryFaults {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := deliveryFaults{
		reorder:      s.faults.ReorderDeliveries,
		delay:        s.faults.DelayDeliveries,
		omitHeadSHA:  s.faults.OmitHeadSHA,
		triggerLimit: s.faults.TriggerLimit,
	}
	if s.faults.DuplicateDeliveries {
		f.extraCopies = 1
	}
	return f
}

// tokenExpired takes the fault of a token that is not good any more. Who switches faults is not hit by it.
func (s *faultState) tokenExpired(req *http.Request) bool {
	if req.URL.Path == faultsPath {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return take(&s.faults.ExpiredTokens)
}

// spaceStage is the stage that Spaces pretend to be in.
func (s *faultState) spaceStage() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.SpaceStage
}

// faultKind is what goes wrong with one request.
type faultKind int

const (
	faultNone faultKind = iota
	faultRateLimit
	faultServerError
	faultLostAnswer
	faultTruncated
)

// requestFault is the fault of one request.
type requestFault struct {
	kind      faultKind
	delay     time.Duration
	remaining int           // for faultRateLimit
	reset     time.Duration // for faultRateLimit
}

// next takes the fault for a request, counting it down.
func (s *faultState) next(req *http.Request) requestFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if !strings.HasPrefix(req.URL.Path, f.PathPrefix) || req.URL.Path == faultsPath {
		return requestFault{}
	}
	fault := requestFault{delay: f.Delay, remaining: f.RateRemaining, reset: f.RateReset}
	switch {
	case take(&f.RateLimited):
		fault.kind = faultRateLimit
	case take(&f.ServerErrors):
		fault.kind = faultServerError
	case take(&f.LostAnswers):
		fault.kind = faultLostAnswer
	case req.Method == http.MethodGet && take(&f.Truncated):
		fault.kind = faultTruncated
	}
	return fault
}

// take counts n down, if something is left.
func take(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}
