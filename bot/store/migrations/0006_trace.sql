-- The span of a delivery in W3C's notation, so that its runs belong to the same trace, on whatever instance and whenever
-- they are worked; '' without tracing.
ALTER TABLE deliveries ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
