-- Times are microseconds since 1970 in UTC, 0 for "not yet". JSON is kept as text. Ids are UUIDv7, so they sort by age.

CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY,
    webhook_id  TEXT NOT NULL,
    key         TEXT NOT NULL,
    key_salt    TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    source      TEXT NOT NULL,
    replay_of   TEXT NOT NULL,
    scope       TEXT NOT NULL,
    action      TEXT NOT NULL,
    repo        TEXT NOT NULL,
    repo_type   TEXT NOT NULL,
    state       TEXT NOT NULL,
    duplicates  BIGINT NOT NULL,
    error       TEXT NOT NULL,
    verdicts    TEXT NOT NULL,
    explanation TEXT NOT NULL,
    body        BLOB NOT NULL
);
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_repo ON deliveries (repo, id);
CREATE INDEX deliveries_by_key ON deliveries (key);

-- The delivery that a key stands for. A key with a Webhook-Id never expires.
CREATE TABLE dedupe (
    key         TEXT PRIMARY KEY,
    delivery_id TEXT NOT NULL,
    expires_at  BIGINT NOT NULL
);

-- Verdicts other than not_matched, for the filters of lists. The whole set is deliveries.verdicts.
CREATE TABLE verdicts (
    rule        TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    PRIMARY KEY (rule, delivery_id)
);
CREATE INDEX verdicts_by_delivery ON verdicts (delivery_id, verdict);

CREATE TABLE runs (
    id             TEXT PRIMARY KEY,
    delivery_id    TEXT NOT NULL,
    rule           TEXT NOT NULL,
    repo           TEXT NOT NULL,
    repo_type      TEXT NOT NULL,
    repo_id        TEXT NOT NULL,
    ref            TEXT NOT NULL,
    sha            TEXT NOT NULL,
    own_caused     BIGINT NOT NULL,
    state          TEXT NOT NULL,
    reason         TEXT NOT NULL,
    wait_for       TEXT NOT NULL,   -- '', retry, debounce, group
    wait_until     BIGINT NOT NULL,
    attempt        BIGINT NOT NULL,
    plan           TEXT NOT NULL,
    error          TEXT NOT NULL,
    cancel_reason  TEXT NOT NULL,   -- not empty: its worker was asked to stop
    created_at     BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    finished_at    BIGINT NOT NULL,
    ticket         BIGINT NOT NULL, -- not used: runs have no number in the queue
    ticketed_at    BIGINT NOT NULL, -- when it became due, was handed to the queue again, or began to wait
    owner          TEXT NOT NULL,   -- the lease: who works it, until when, for the how manieth time
    lease_until    BIGINT NOT NULL,
    token          BIGINT NOT NULL,
    once_key       TEXT NOT NULL,
    rate_key       TEXT NOT NULL,
    debounce_key   TEXT NOT NULL,
    debounce_since BIGINT NOT NULL,
    group_key      TEXT NOT NULL,
    group_slot     TEXT,            -- group_key while the run holds its group, else null
    on_conflict    TEXT NOT NULL
);
-- A delivery gives each rule one run for a ref, however often it is matched.
CREATE UNIQUE INDEX runs_by_delivery ON runs (delivery_id, rule, ref);
-- The database itself lets one run at a time hold a concurrency group.
CREATE UNIQUE INDEX runs_group_slot ON runs (group_slot) WHERE group_slot IS NOT NULL;
CREATE INDEX runs_by_state ON runs (state, wait_until);
CREATE INDEX runs_by_rule ON runs (rule, id);
CREATE INDEX runs_by_repo ON runs (repo, id);
CREATE INDEX runs_by_rate ON runs (rule, rate_key, created_at);
CREATE INDEX runs_by_breaker ON runs (rule, repo_id, created_at);
CREATE INDEX runs_by_group ON runs (group_key, state, id);
CREATE INDEX runs_by_debounce ON runs (rule, debounce_key, state);

CREATE TABLE steps (
    run_id      TEXT NOT NULL,
    idx         BIGINT NOT NULL,
    id          TEXT NOT NULL,
    uses        TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempt     BIGINT NOT NULL,    -- attempts begun, those cut off included
    failures    BIGINT NOT NULL,    -- attempts that failed since the run was last retried by hand
    inputs      TEXT NOT NULL,
    outputs     TEXT NOT NULL,
    error       TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, idx)
);

CREATE TABLE attempts (
    run_id      TEXT NOT NULL,
    idx         BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    state       TEXT NOT NULL,      -- running, succeeded, failed, cancelled, interrupted
    error       TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, idx, attempt)
);

-- Values of once_per: held by an active run, used up by a successful one, or free again.
CREATE TABLE once (
    rule   TEXT NOT NULL,
    key    TEXT NOT NULL,
    run_id TEXT NOT NULL,
    state  TEXT NOT NULL,           -- held, used, free
    PRIMARY KEY (rule, key)
);
CREATE INDEX once_by_run ON once (run_id);

-- What the bot itself did on the Hub.
CREATE TABLE own (
    kind      TEXT NOT NULL,
    id        TEXT NOT NULL,
    rule      TEXT NOT NULL,
    repo_id   TEXT NOT NULL,
    repo      TEXT NOT NULL,
    repo_type TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Repositories whose people do not want a rule (or, with an empty rule, any).
CREATE TABLE optouts (
    rule    TEXT NOT NULL,
    repo_id TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, rule)
);

-- When a person last reset the breaker of a rule for a repository.
CREATE TABLE breakers (
    rule     TEXT NOT NULL,
    repo_id  TEXT NOT NULL,
    reset_at BIGINT NOT NULL,
    PRIMARY KEY (rule, repo_id)
);
