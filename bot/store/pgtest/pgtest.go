// Package pgtest starts a PostgreSQL server for tests: one for each test binary, in a folder of its own, on a unix
// socket, so that it needs no port and nothing outside of it. Each test gets a database of its own.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience bounds each wait. A machine that is busy with other tests may be slow.
const patience = 60 * time.Second

// Server is a PostgreSQL server.
type Server struct {
	bin  string // folder of the server's programs
	dir  string // holds the data, the socket and the log
	user *account

	mu      sync.Mutex
	cmd     *exec.Cmd
	ended   chan struct{}
	created atomic.Int64

	prepared   sync.Once
	prepareErr error
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs a package's tests and then ends the server that they shared, if any: func TestMain(m *testing.M) {
// pgtest.Main(m) }.
func Main(m *testing.M) {
	m.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			panic(err)
		}
	}
}

// Shared is the server that the tests of a binary share.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start(context.Background()) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Database makes a database on the shared server and returns its URL. It is a copy of one that prepare made ready, once
// for the whole binary; with nil it is empty.
func Database(t testing.TB, prepare func(url string) error) string {
	t.Helper()
	s := Shared(t)
	if prepare == nil {
		return s.Database(t)
	}
	s.prepared.Do(func() {
		if _, s.prepareErr = s.query(context.Background(), "postgres", "CREATE DATABASE prepared"); s.prepareErr == nil {
			s.prepareErr = prepare(s.URL("prepared"))
		}
	})
	if s.prepareErr != nil {
		t.Fatalf("pgtest: prepare a database: %v", s.prepareErr)
	}
	return s.create(t, " TEMPLATE prepared")
}

// New starts a server for one test, which may stop and start it, and ends it with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// start makes a server and starts it.
func start(ctx context.Context) (s *Server, err error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	// Not under the test's own folder: the path of a socket is short, and the server's user must reach it.
	dir, err := os.MkdirTemp("/tmp", "pgtest-")
	if err != nil {
		return nil, err
	}
	s = &Server{bin: bin, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if s.user, err = unprivileged(); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, s.user.uid, s.user.gid); err != nil {
			return nil, err
		}
	}
	out, err := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", "bot", "--auth", "trust", "--encoding", "UTF8",
		"--locale", "C", "--no-sync").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return s, s.Start()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// find returns the folder of the newest PostgreSQL server's programs.
func find() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // Debian keeps them out of PATH
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(slices.Max(found)), nil
	}
	path, err := exec.LookPath("postgres")
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", errors.New("pgtest: no PostgreSQL server: install one, on Debian by `apt-get install postgresql`")
	}
	return filepath.Dir(path), nil
}

// command is one of the server's programs.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.Env = s.dir, []string{"LC_ALL=C", "PATH=" + s.bin + ":/usr/bin:/bin", "HOME=" + s.dir}
	detach(cmd, s.user)
	cmd.WaitDelay = patience
	return cmd
}

// Start starts a server that was stopped, and waits until it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return errors.New("pgtest: the server runs already")
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := s.command(context.Background(), "postgres", "-D", s.data(), "-k", s.dir, "-h", "",
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning")
	cmd.Stdout, cmd.Stderr = log, log
	endWithParent(cmd)
	ended, started := make(chan struct{}), make(chan error, 1)
	go func() {
		// The signal at the parent's death comes when this thread ends, so this goroutine keeps it for itself.
		runtime.LockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("pgtest: start postgres: %w", err)
	}
	s.cmd, s.ended = cmd, ended
	return s.await()
}

// await waits until the server answers. s.mu is held.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := s.query(ctx, "postgres", "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("pgtest: postgres ended at once:\n%s", s.log())
		case <-ctx.Done():
			return fmt.Errorf("pgtest: postgres does not answer: %w\n%s", err, s.log())
		case <-tick.C:
		}
	}
}

func (s *Server) log() []byte {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return bytes.TrimSpace(text)
}

// Stop ends the server at once, as a crash does: connections are cut, and what was not committed is gone.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // immediate shutdown
	select {
	case <-s.ended:
	case <-time.After(patience):
		killGroup(s.cmd)
		return fmt.Errorf("pgtest: postgres did not stop:\n%s", s.log())
	}
	s.cmd = nil
	return nil
}

// Close stops the server and removes its files.
func (s *Server) Close() error {
	err := s.Stop()
	if removed := os.RemoveAll(s.dir); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return s.create(t, "")
}

func (s *Server) create(t testing.TB, how string) string {
	t.Helper()
	name := fmt.Sprintf("bot%d", s.created.Add(1))
	s.Exec(t, "postgres", "CREATE DATABASE "+name+how)
	return s.URL(name)
}

// URL is the address of a database.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.dir}, "pool_max_conns": {"8"}}
	return "postgres://bot@/" + database + "?" + q.Encode()
}

// Exec runs SQL in a database and returns the first column of the rows of each statement.
func (s *Server) Exec(t testing.TB, database, sql string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	column, err := s.query(ctx, database, sql)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return column
}

func (s *Server) query(ctx context.Context, database, sql string) (column []string, err error) {
	conn, err := pgconn.Connect(ctx, "postgres://bot@/"+database+"?host="+url.QueryEscape(s.dir))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	results, err := conn.Exec(ctx, sql).ReadAll()
	for _, r := range results {
		for _, row := range r.Rows {
			column = append(column, string(row[0]))
		}
	}
	return column, err
}

// CutConnections ends all connections to a database from the server's side, except those that end them.
func (s *Server) CutConnections(t testing.TB, database string) {
	t.Helper()
	s.Exec(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database+"'")
}
