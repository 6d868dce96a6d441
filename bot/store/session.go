package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Session is a person who is signed in to the dashboard.
type Session struct {
	Who       string // shown in the audit log
	CSRF      string // what forms of this session carry
	ExpiresAt time.Time
}

// sessionID is how a session is kept, so that who reads the database cannot sign in with it.
func sessionID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// OpenSession keeps a session under a secret that its holder shows again. Sessions that are over are removed by the way.
func (s *Store) OpenSession(ctx context.Context, secret string, session Session) error {
	return s.InTx(ctx, func(tx *Tx) error {
		if err := tx.post(`DELETE FROM sessions WHERE expires_at <= ?`, micros(tx.now)); err != nil {
			return fmt.Errorf("store: remove old sessions: %w", err)
		}
		err := tx.post(`INSERT INTO sessions (id, who, csrf, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`,
			sessionID(secret), session.Who, session.CSRF, micros(tx.now), micros(session.ExpiresAt))
		if err != nil {
			return fmt.Errorf("store: open a session: %w", err)
		}
		return nil
	})
}

// Session returns the session of a secret; ErrNotFound when there is none, or it is over.
func (s *Store) Session(ctx context.Context, secret string) (*Session, error) {
	var session Session
	var expires int64
	err := s.reader.QueryRowContext(ctx, `SELECT who, csrf, expires_at FROM sessions WHERE id = ? AND expires_at > ?`,
		sessionID(secret), micros(s.Now())).Scan(&session.Who, &session.CSRF, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("session: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("store: look up a session: %w", err)
	}
	session.ExpiresAt = fromMicros(expires)
	return &session, nil
}

// CloseSession ends the session of a secret.
func (s *Store) CloseSession(ctx context.Context, secret string) error {
	return s.InTx(ctx, func(tx *Tx) error {
		if err := tx.post(`DELETE FROM sessions WHERE id = ?`, sessionID(secret)); err != nil {
			return fmt.Errorf("store: close a session: %w", err)
		}
		return nil
	})
}

// Audit is something a person did to the bot.
type Audit struct {
	ID     string // UUIDv7
	At     time.Time
	Who    string
	Act    string // replay, cancel, retry, enable_webhook, reset_breaker, sign_in, sign_out
	Target string // what it was done to
	Detail string
}

// AddAudit writes down what a person did.
func (s *Store) AddAudit(ctx context.Context, a Audit) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("store: make an id: %w", err)
	}
	return s.InTx(ctx, func(tx *Tx) error {
		err := tx.post(`INSERT INTO audit (id, at, who, act, target, detail) VALUES (?, ?, ?, ?, ?, ?)`,
			id.String(), micros(tx.now), a.Who, a.Act, a.Target, a.Detail)
		if err != nil {
			return fmt.Errorf("store: write the audit log: %w", err)
		}
		return nil
	})
}

// AuditPage returns what people did, newest first, and the id to give as Before for the page that follows.
func (s *Store) AuditPage(ctx context.Context, f Filter) (page []Audit, next string, err error) {
	var c conditions
	if _, err = c.page(ctx, s.reader, "audit", f.Before); err != nil {
		return nil, "", fmt.Errorf("store: read the audit log: %w", err)
	}
	where, args := c.sql()
	rows, err := s.reader.QueryContext(ctx, `SELECT id, at, who, act, target, detail FROM audit `+where+
		` ORDER BY id DESC LIMIT ?`, append(args, f.limit())...)
	if err != nil {
		return nil, "", fmt.Errorf("store: read the audit log: %w", err)
	}
	page, err = collect(rows, func(rows row) (Audit, error) {
		var a Audit
		var at int64
		err := rows.Scan(&a.ID, &at, &a.Who, &a.Act, &a.Target, &a.Detail)
		a.At = fromMicros(at)
		return a, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("store: read the audit log: %w", err)
	}
	return page, following(page, f.limit(), "", func(a Audit) string { return a.ID }), nil
}
