-- How many runs a breaker has seen, so that they need not be counted for each new one: an upper bound of those within the
-- time counted_per, counted anew at counted_at when it reaches the limit. With counted_per 0 it is not known.
ALTER TABLE breakers ADD COLUMN counted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE breakers ADD COLUMN counted_per BIGINT NOT NULL DEFAULT 0;
ALTER TABLE breakers ADD COLUMN counted_at BIGINT NOT NULL DEFAULT 0;
