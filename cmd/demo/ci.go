package demo

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"time"
)

// ci stands in for GitHub: it answers workflow_dispatch as GitHub's REST API does
// (https://docs.github.com/rest/actions/workflows) and remembers the calls.
type ci struct {
	url    string
	server *http.Server

	mu    sync.Mutex
	calls []call
}

// call is one accepted workflow_dispatch.
type call struct {
	At         time.Time
	Repository string
	Workflow   string
	Ref        string            `json:"ref"`
	Inputs     map[string]string `json:"inputs"`
}

func startCI(ctx context.Context) (*ci, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &ci{url: "http://" + listener.Addr().String()}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches", c.dispatch)
	c.server = &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.server.Serve(listener) }() // ends with Close
	return c, nil
}

func (c *ci) dispatch(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+ciToken {
		http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	in := call{
		At: time.Now(), Repository: r.PathValue("owner") + "/" + r.PathValue("repo"), Workflow: r.PathValue("workflow"),
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil || in.Ref == "" {
		http.Error(w, `{"message":"Invalid request."}`, http.StatusUnprocessableEntity)
		return
	}
	c.mu.Lock()
	c.calls = append(c.calls, in)
	c.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// seen returns the calls so far.
func (c *ci) seen() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]call(nil), c.calls...)
}

// Close stops the server.
func (c *ci) Close() error { return c.server.Close() }
