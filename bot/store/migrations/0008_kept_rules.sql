-- The rule files of the Hub as they were last in force, to start with while the Hub does not answer.
CREATE TABLE kept_rules (
    address TEXT PRIMARY KEY, -- hf://…
    sha     TEXT NOT NULL,    -- the commit it is of
    content TEXT NOT NULL,
    at      BIGINT NOT NULL
);
