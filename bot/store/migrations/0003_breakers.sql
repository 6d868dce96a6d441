-- The breaker of a rule on a repository, from when it first opened. It is open until a time that a reset moves to the past.
DROP TABLE breakers;
CREATE TABLE breakers (
    rule      TEXT NOT NULL,
    repo_id   TEXT NOT NULL,
    own       BIGINT NOT NULL, -- 1: it counts and stops only what the bot's own acts cause
    repo      TEXT NOT NULL,   -- the repository's name when it opened
    runs      BIGINT NOT NULL, -- how many there were then
    opened_at BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    reset_at  BIGINT NOT NULL, -- runs from before do not count
    PRIMARY KEY (rule, repo_id, own)
);
CREATE INDEX breakers_open ON breakers (until);
