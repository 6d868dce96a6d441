-- A run is written when it is made, queued, claimed and over. Indexes that only runs which are not over, or which wait, are
-- looked up by have entries for those alone, so that the others cost nothing there.
DROP INDEX runs_by_state;
CREATE INDEX runs_by_wait ON runs (wait_until) WHERE state = 'waiting';
DROP INDEX runs_by_debounce;
CREATE INDEX runs_by_debounce ON runs (rule, debounce_key) WHERE state = 'waiting';
DROP INDEX runs_by_group;
CREATE INDEX runs_by_group ON runs (group_key, delivery_id, id) WHERE finished_at = 0;
-- With the id behind the key, the first delivery of a key is one look-up, also before PostgreSQL has statistics: it then took
-- the primary key and read all deliveries.
DROP INDEX deliveries_by_key;
CREATE INDEX deliveries_by_key ON deliveries (key, id);
