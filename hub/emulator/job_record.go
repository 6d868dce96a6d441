package emulator

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// jobRecord is a Job on disk, with what it printed.
type jobRecord struct {
	Owner     string            `json:"owner"`
	Creator   string            `json:"creator"`
	Initiator map[string]any    `json:"initiator"`
	Created   time.Time         `json:"created"`
	Spec      jobSpec           `json:"spec"`
	Stage     string            `json:"stage"`
	Message   string            `json:"message,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Started   time.Time         `json:"started"`
	Finished  time.Time         `json:"finished"`
	Lines     []jobLine         `json:"lines,omitempty"`
}

// keepJob notes the Job and each change of it.
func (s *Server) keepJob(j *job) {
	j.note = func() { s.unsaved.put(bucketJobs, j.id, j.record) }
	j.note()
}

// record describes the Job as it is now. What it prints is written when it has ended.
func (j *job) record() any {
	j.mu.Lock()
	defer j.mu.Unlock()
	record := &jobRecord{
		Owner: j.owner.id, Creator: j.creator.id, Initiator: j.initiator, Created: j.createdAt, Spec: j.spec,
		Stage: j.stage, Message: j.message, Labels: j.labels, Started: j.started, Finished: j.finished,
	}
	if j.over() {
		record.Lines = j.lines
	}
	return record
}

// loadJobs reads the Jobs. One that ran when the process died has failed.
func (s *Server) loadJobs(tx *bbolt.Tx) error {
	err := eachRecord(tx, bucketJobs, "", func(id string, record jobRecord) error {
		j := &job{
			id: id, owner: s.knownAccount(record.Owner), creator: s.knownAccount(record.Creator), initiator: record.Initiator,
			createdAt: record.Created, spec: record.Spec, stage: record.Stage, message: record.Message, labels: record.Labels,
			started: record.Started, finished: record.Finished, lines: record.Lines, changed: make(chan struct{}),
		}
		s.keepJob(j)
		if j.stage == jobRunning {
			j.end(jobFailed, "The local Hub ended")
		}
		s.jobs.all = append(s.jobs.all, j)
		return nil
	})
	slices.SortStableFunc(s.jobs.all, func(a, b *job) int { return a.createdAt.Compare(b.createdAt) })
	return err
}
