package emulator

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"go.etcd.io/bbolt"
)

// scheduledJob starts a Job again and again (https://huggingface.co/docs/huggingface_hub/guides/jobs).
type scheduledJob struct {
	id        string
	owner     *account
	creator   *account
	createdAt time.Time

	// Guarded by the lock of schedule.
	spec        jobSpec
	rule        string
	times       cron.Schedule
	suspended   bool
	concurrency bool
	removed     bool
	last        *job // the Job it started last; nil: none, or one that is forgotten
	timer       *time.Timer
}

// schedule is all scheduled Jobs, oldest first. The zero value is ready to use.
type schedule struct {
	mu     sync.Mutex
	all    []*scheduledJob
	closed bool
}

// scheduledRecord is a scheduled Job on disk.
type scheduledRecord struct {
	Owner       string    `json:"owner"`
	Creator     string    `json:"creator"`
	Created     time.Time `json:"created"`
	Spec        jobSpec   `json:"spec"`
	Schedule    string    `json:"schedule"`
	Suspended   bool      `json:"suspended,omitempty"`
	Concurrency bool      `json:"concurrency,omitempty"`
	LastJob     string    `json:"lastJob,omitempty"`
}

const maxScheduled = 100 // of one account

// cronParser takes five fields, or six or seven with seconds first, and names such as @hourly.
var cronParser = cron.NewParser(
	cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// setRule changes when the Job is started; the lock must be held, or nobody else know it.
func (j *scheduledJob) setRule(rule string) error {
	times, err := cronParser.Parse(rule)
	if err != nil || times.Next(time.Now()).IsZero() {
		return errors.New(`"schedule" must be a cron expression with a next time, or one of @annually, @yearly, ` +
			"@monthly, @weekly, @daily, @hourly")
	}
	j.rule, j.times = rule, times
	return nil
}

func (l *schedule) add(made *scheduledJob) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, each := range l.all {
		if each.owner == made.owner {
			count++
		}
	}
	if count >= maxScheduled {
		return false
	}
	l.all = append(l.all, made)
	return true
}

func (l *schedule) remove(j *scheduledJob) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(each *scheduledJob) bool { return each == j })
	j.removed = true
	j.stopTimer()
}

// of lists an account's scheduled Jobs, newest first.
func (l *schedule) of(owner *account) []*scheduledJob {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.all), func(each *scheduledJob) bool { return each.owner != owner })
	slices.Reverse(list)
	return list
}

func (l *schedule) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, each := range l.all {
		each.stopTimer()
	}
}

func (j *scheduledJob) stopTimer() {
	if j.timer != nil {
		j.timer.Stop()
		j.timer = nil
	}
}

// plan waits for the next start; the lock must be held.
func (s *Server) plan(j *scheduledJob) {
	j.stopTimer()
	if j.suspended || j.removed || s.schedule.closed {
		return
	}
	j.timer = time.AfterFunc(time.Until(j.times.Next(time.Now())), func() { s.due(j) })
}

// due starts a Job whose time has come, unless the one before still runs.
func (s *Server) due(j *scheduledJob) {
	s.schedule.mu.Lock()
	if !j.suspended && !j.removed && !s.schedule.closed {
		_, _ = s.trigger(j, j.creator)
	}
	s.plan(j)
	s.schedule.mu.Unlock()
	_ = s.save() // told to the log
}

var errStillRunning = &refusal{
	status: http.StatusConflict,
	message: "Another job is already running at the same time, set `concurrency` to allow multiple instances of " +
		"scheduled jobs to run concurrently",
}

// trigger starts the Job now; the lock must be held. A Job that is only recorded does not keep the next one from that.
func (s *Server) trigger(j *scheduledJob, by *account) (*job, error) {
	if j.last != nil && !j.concurrency && j.last.runs() {
		return nil, errStillRunning
	}
	j.last = s.startJob(j.owner, by, j.spec, map[string]any{"type": "scheduled-job", "id": j.id}, nil)
	s.keepScheduled(j)
	return j.last, nil
}

// keepScheduled notes a change.
func (s *Server) keepScheduled(j *scheduledJob) {
	s.unsaved.put(bucketScheduled, j.id, func() any {
		s.schedule.mu.Lock()
		defer s.schedule.mu.Unlock()
		record := &scheduledRecord{
			Owner: j.owner.id, Creator: j.creator.id, Created: j.createdAt, Spec: j.spec, Schedule: j.rule,
			Suspended: j.suspended, Concurrency: j.concurrency,
		}
		if j.last != nil {
			record.LastJob = j.last.id
		}
		return record
	})
}

// loadScheduled reads the scheduled Jobs and waits for their next times. What fell into the time between is not made up.
func (s *Server) loadScheduled(tx *bbolt.Tx) error {
	err := eachRecord(tx, bucketScheduled, "", func(id string, record scheduledRecord) error {
		j := &scheduledJob{
			id: id, owner: s.knownAccount(record.Owner), creator: s.knownAccount(record.Creator), createdAt: record.Created,
			spec: record.Spec, suspended: record.Suspended, concurrency: record.Concurrency,
		}
		if err := j.setRule(record.Schedule); err != nil {
			return err
		}
		for _, each := range s.jobs.all {
			if each.id == record.LastJob {
				j.last = each
			}
		}
		s.schedule.all = append(s.schedule.all, j)
		return nil
	})
	slices.SortStableFunc(s.schedule.all, func(a, b *scheduledJob) int { return a.createdAt.Compare(b.createdAt) })
	return err
}

// startSchedule waits for the next times of what was read.
func (s *Server) startSchedule() {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	for _, each := range s.schedule.all {
		s.plan(each)
	}
}
