package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// defaultWorkers is how many runs go on at a time: mostly they wait for the Hub.
const defaultWorkers = 32

// interruptGrace is how long an interrupted step may take to return before Stop gives up on it.
const interruptGrace = 5 * time.Second

// Why the context of a step ended.
var (
	errCancelled   = actions.ErrCancelled
	errInterrupted = errors.New("the bot is stopping")
)

// Options of an Engine.
type Options struct {
	Store   *store.Store
	Actions *actions.Registry
	Hub     *hub.Client
	HTTP    *http.Client
	DryRun  bool                     // all steps run without their effects
	Bot     func() (id, name string) // the bot's own account; may be nil
	Log     *zap.Logger              // nil: no log
	WorkDir string                   // where steps get their folders; made if missing
	// UploadDir outlives this process: large uploads go on there in the next one, see [hub.Client.WithUploadFolder]; made if
	// missing. Empty: they begin anew.
	UploadDir string
	Workers   int                         // runs at a time; 0: a default
	Lease     time.Duration               // how long a worker that fell silent keeps its runs; 0: a default
	LookupEnv func(string) (string, bool) // step secrets; nil: os.LookupEnv
	// Facts gives the facts for a run's expressions; known are those found while matching. May be nil.
	Facts func(d *store.Delivery, p *hub.Payload, ref, sha string, known map[string]any) expr.Facts
	// OnChange is called after each change of a run's state (dashboard, demo); it must not block. May be nil.
	OnChange func(runID string)
	Observer Observer     // for metrics; may be nil
	Tracer   trace.Tracer // nil: no traces
}

// Engine works runs. It implements store.Tickets.
type Engine struct {
	opts  Options
	store *store.Store
	log   *zap.Logger
	owner string // names this process in leases
	queue queue
	slots slots

	base      context.Context // what all runs descend from; it ends when they are interrupted
	interrupt context.CancelCauseFunc
	poke      chan struct{} // a run began to wait: look again when the next one is due
	beat      chan struct{} // another instance may have cancelled a run: look
	stopLoops context.CancelFunc
	loops     sync.WaitGroup

	shared actions.Shared // by the steps of all runs

	mu   sync.Mutex
	jobs map[string]*job // runs worked here, by id
}

var _ store.Tickets = (*Engine)(nil)

// New makes an engine on the store and listens to its changes. Give it to the store's UseTickets; nothing runs before
// Start.
func New(opts Options) (*Engine, error) {
	if opts.Store == nil || opts.Actions == nil || opts.WorkDir == "" {
		return nil, errors.New("run: Store, Actions and WorkDir are required")
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	if opts.Bot == nil {
		opts.Bot = func() (string, string) { return "", "" }
	}
	if opts.Tracer == nil {
		opts.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if opts.Workers <= 0 {
		opts.Workers = defaultWorkers
	}
	if opts.Lease <= 0 {
		opts.Lease = defaultLease
	}
	e := &Engine{
		opts: opts, store: opts.Store, log: opts.Log, owner: uuid.NewString(), poke: make(chan struct{}, 1),
		beat: make(chan struct{}, 1), jobs: map[string]*job{},
	}
	e.slots = slots{size: opts.Workers, wake: func() { e.queue.wake() }}
	e.base, e.interrupt = context.WithCancelCause(context.Background())
	var err error
	if e.queue, err = newQueue(e); err != nil {
		return nil, fmt.Errorf("run: make the queue: %w", err)
	}
	e.store.OnChange(e.changed)
	return e, nil
}

// Start takes up what a process before this one left unfinished, and begins to work runs. It ends with Stop, not with
// ctx.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.clearWorkDir(); err != nil {
		return err
	}
	if err := patiently(ctx, store.IsAway, func() error { return e.takeUp(ctx) }); err != nil {
		return err
	}
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stopLoops = stop
	e.slots.start()
	if err := e.queue.start(loops); err != nil {
		e.slots.close()
		stop()
		return fmt.Errorf("run: start the queue: %w", err)
	}
	e.loops.Go(func() { e.keepTime(loops) })
	e.loops.Go(func() { e.keepLeases(loops) })
	e.loops.Go(func() { e.sweepUploads(loops) })
	return nil
}

// Stop takes no more runs and waits until those under way are done. When ctx ends first it interrupts them; each is put
// back into the queue, and goes on at its unfinished step when the bot starts again.
func (e *Engine) Stop(ctx context.Context) error {
	if e.stopLoops == nil {
		return nil
	}
	e.slots.close()
	soft := e.slots.wait(ctx)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), interruptGrace)
	defer cancel()
	if soft != nil {
		e.interrupt(errInterrupted)
		if soft = e.slots.wait(grace); soft != nil {
			soft = fmt.Errorf("run: some steps did not stop within %s; they are taken up at the next start: %w", interruptGrace, soft)
		}
	}
	// The queue ends last, since it also tells what other instances want to be cancelled.
	if err := e.queue.stop(grace); err != nil && soft == nil {
		soft = fmt.Errorf("run: stop the queue: %w", err)
	}
	e.stopLoops()
	e.loops.Wait()
	if soft == nil { // else a step may still use it
		soft = e.shared.Close()
	}
	return soft
}

// Cancel ends a run. One that is queued or waiting is over at once; the step of a running one has its context ended,
// and steps with always() still run. A run that is over gives store.ErrState.
func (e *Engine) Cancel(ctx context.Context, run string) error {
	return e.store.InTx(ctx, func(tx *store.Tx) error { return tx.Cancel(run, "by hand") })
}

// Retry lets a failed or cancelled run go on at the step that broke, with the rule as it was when it matched. A run in
// another state gives store.ErrState.
func (e *Engine) Retry(ctx context.Context, run string) error {
	return e.store.InTx(ctx, func(tx *store.Tx) error { return tx.RetryRun(run) })
}

// changed hears from the store of each run that changed.
func (e *Engine) changed(c store.Change) {
	if c.Cancel {
		e.cancelJob(c.Run)
	}
	if c.State == store.Waiting {
		select {
		case e.poke <- struct{}{}:
		default: // it looks anyway
		}
	}
	if c.State.Final() {
		e.dropUploads(c.Run)
	}
	if e.opts.OnChange != nil {
		e.opts.OnChange(c.Run)
	}
}

// workDirPrefix begins the names of the folders of steps.
const workDirPrefix = "step-"

// clearWorkDir makes the folder for steps and removes what a crash left in it.
func (e *Engine) clearWorkDir() error {
	if err := os.MkdirAll(e.opts.WorkDir, 0o700); err != nil {
		return fmt.Errorf("run: make the work folder: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(e.opts.WorkDir, workDirPrefix+"*"))
	if err != nil || !e.store.Exclusive() {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("run: clear the work folder: %w", err)
		}
	}
	return nil
}
