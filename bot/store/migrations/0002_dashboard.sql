-- What the dashboard shows: which webhook a delivery came by, whether strangers may see it, what steps log and how far
-- they are, who is signed in, and what people did.

ALTER TABLE deliveries ADD COLUMN hook TEXT NOT NULL DEFAULT '';          -- id of the Hub's webhook; '' when not named
ALTER TABLE deliveries ADD COLUMN is_public BIGINT NOT NULL DEFAULT 0;    -- 1: the payload says that the repository is public
CREATE INDEX deliveries_by_time ON deliveries (received_at, hook);
CREATE INDEX deliveries_by_public ON deliveries (id) WHERE is_public = 1;

CREATE INDEX verdicts_by_rule ON verdicts (rule, verdict, delivery_id);
CREATE INDEX verdicts_by_verdict ON verdicts (verdict, delivery_id);
CREATE INDEX runs_by_state_id ON runs (state, id);
CREATE INDEX runs_by_finish ON runs (finished_at, state, started_at, ticketed_at) WHERE finished_at > 0;

-- Lines that a step logged. Bounded for each attempt by who writes them.
CREATE TABLE logs (
    run_id  TEXT NOT NULL,
    idx     BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    level   TEXT NOT NULL,      -- debug, info, warn, error
    message TEXT NOT NULL,
    PRIMARY KEY (run_id, idx, attempt, seq)
);

-- How far a step is; the latest report only.
CREATE TABLE progress (
    run_id TEXT NOT NULL,
    idx    BIGINT NOT NULL,
    done   BIGINT NOT NULL,
    total  BIGINT NOT NULL,     -- 0: not known
    note   TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (run_id, idx)
);

-- People who are signed in to the dashboard. The id is a hash of what their cookie holds.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    who        TEXT NOT NULL,
    csrf       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What people did to the bot.
CREATE TABLE audit (
    id     TEXT PRIMARY KEY,    -- UUIDv7
    at     BIGINT NOT NULL,
    who    TEXT NOT NULL,
    act    TEXT NOT NULL,       -- replay, cancel, retry, enable_webhook, reset_breaker, sign_in, sign_out
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);
