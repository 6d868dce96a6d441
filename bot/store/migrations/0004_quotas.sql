-- What was counted against an action's quotas, such as the answers that one user had.
CREATE TABLE quotas (
    name  TEXT NOT NULL,   -- of the action and who is counted
    key   TEXT NOT NULL,   -- the step that took it; its retries count once
    at    BIGINT NOT NULL,
    until BIGINT NOT NULL, -- when it need not be known any more
    PRIMARY KEY (name, key)
);
CREATE INDEX quotas_by_end ON quotas (until);
