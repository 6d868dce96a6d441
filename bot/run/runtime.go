package run

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// largestFile bounds a file that is read from beside the rules, in bytes.
const largestFile = 1 << 20

// stepKey is the idempotency key of a step: the same over retries, restarts and replays of its run.
func stepKey(planKey, step string) string {
	sum := sha256.Sum256([]byte(planKey + "\x00" + step))
	return hex.EncodeToString(sum[:])
}

// runtime is what an action at one step may use.
func (x *execution) runtime(
	s *store.StepPlan, secrets map[string]hub.Secret, dir string, rec *recorder,
) *actions.Runtime {
	id, name := x.engine.opts.Bot()
	client, web := x.carriers()
	if x.dryRun() {
		rec.log.Info("dry run: the step has no effect")
	}
	return &actions.Runtime{
		Event: x.payload, SHA: x.run.SHA, Ref: x.run.Ref, BotID: id, BotName: name,
		Hub: client, DryRun: x.dryRun(), HTTP: web, Log: rec.log, Key: stepKey(x.run.Plan.Key, s.ID), Dir: dir,
		Secrets: secrets, Files: filesIn(x.run.Plan.RulesDir),
		Progress: rec.progress, Until: x.until(), Shared: &x.engine.shared,
	}
}

// until tells until when the run is this worker's; nil when the database is no other's.
func (x *execution) until() func() time.Time {
	if x.engine.store.Exclusive() {
		return nil
	}
	return func() time.Time {
		x.engine.mu.Lock()
		defer x.engine.mu.Unlock()
		return x.job.until
	}
}

// filesIn reads files beside the rules and nothing outside of that folder, links included.
func filesIn(dir string) func(string) ([]byte, error) {
	return func(path string) (content []byte, err error) {
		if dir == "" {
			return nil, fmt.Errorf("read %s: the rules have no folder", path)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, fmt.Errorf("open the rules' folder: %w", err)
		}
		defer func() { err = errors.Join(err, root.Close()) }()
		f, err := root.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read a file beside the rules: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		content, err = io.ReadAll(io.LimitReader(f, largestFile+1))
		if err == nil && len(content) > largestFile {
			err = fmt.Errorf("read %s: it is larger than 1 MiB", path)
		}
		return content, err
	}
}
