-- What the first release with PostgreSQL (schema 2, commit 88dfbf0) left behind when it was killed; see upgrade_test.go.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);
CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.attempts (
    run_id text NOT NULL,
    idx bigint NOT NULL,
    attempt bigint NOT NULL,
    state text NOT NULL,
    error text NOT NULL,
    started_at bigint NOT NULL,
    finished_at bigint NOT NULL
);
CREATE TABLE public.audit (
    id text NOT NULL,
    at bigint NOT NULL,
    who text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL
);
CREATE TABLE public.breakers (
    rule text NOT NULL,
    repo_id text NOT NULL,
    reset_at bigint NOT NULL
);
CREATE TABLE public.dedupe (
    key text NOT NULL,
    delivery_id text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.deliveries (
    id text NOT NULL,
    webhook_id text NOT NULL,
    key text NOT NULL,
    key_salt text NOT NULL,
    received_at bigint NOT NULL,
    source text NOT NULL,
    replay_of text NOT NULL,
    scope text NOT NULL,
    action text NOT NULL,
    repo text NOT NULL,
    repo_type text NOT NULL,
    state text NOT NULL,
    duplicates bigint NOT NULL,
    error text NOT NULL,
    verdicts text NOT NULL,
    explanation text NOT NULL,
    body bytea NOT NULL,
    hook text DEFAULT ''::text NOT NULL,
    is_public bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.logs (
    run_id text NOT NULL,
    idx bigint NOT NULL,
    attempt bigint NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    level text NOT NULL,
    message text NOT NULL
);
CREATE TABLE public.once (
    rule text NOT NULL,
    key text NOT NULL,
    run_id text NOT NULL,
    state text NOT NULL
);
CREATE TABLE public.optouts (
    rule text NOT NULL,
    repo_id text NOT NULL,
    by_whom text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.own (
    kind text NOT NULL,
    id text NOT NULL,
    rule text NOT NULL,
    repo_id text NOT NULL,
    repo text NOT NULL,
    repo_type text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.progress (
    run_id text NOT NULL,
    idx bigint NOT NULL,
    done bigint NOT NULL,
    total bigint NOT NULL,
    note text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);
CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;
CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);
CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);
CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;
CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.runs (
    id text NOT NULL,
    delivery_id text NOT NULL,
    rule text NOT NULL,
    repo text NOT NULL,
    repo_type text NOT NULL,
    repo_id text NOT NULL,
    ref text NOT NULL,
    sha text NOT NULL,
    own_caused bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    wait_for text NOT NULL,
    wait_until bigint NOT NULL,
    attempt bigint NOT NULL,
    plan text NOT NULL,
    error text NOT NULL,
    cancel_reason text NOT NULL,
    created_at bigint NOT NULL,
    started_at bigint NOT NULL,
    finished_at bigint NOT NULL,
    ticket bigint NOT NULL,
    ticketed_at bigint NOT NULL,
    owner text NOT NULL,
    lease_until bigint NOT NULL,
    token bigint NOT NULL,
    once_key text NOT NULL,
    rate_key text NOT NULL,
    debounce_key text NOT NULL,
    debounce_since bigint NOT NULL,
    group_key text NOT NULL,
    group_slot text,
    on_conflict text NOT NULL
);
CREATE TABLE public.schema_version (
    version bigint NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.sessions (
    id text NOT NULL,
    who text NOT NULL,
    csrf text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.steps (
    run_id text NOT NULL,
    idx bigint NOT NULL,
    id text NOT NULL,
    uses text NOT NULL,
    state text NOT NULL,
    attempt bigint NOT NULL,
    failures bigint NOT NULL,
    inputs text NOT NULL,
    outputs text NOT NULL,
    error text NOT NULL,
    started_at bigint NOT NULL,
    finished_at bigint NOT NULL
);
CREATE TABLE public.verdicts (
    rule text NOT NULL,
    delivery_id text NOT NULL,
    verdict text NOT NULL
);
ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);
ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);
INSERT INTO public.attempts VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', 0, 1, 'succeeded', '', 1701993416653594, 1701993416653594);
INSERT INTO public.attempts VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', 1, 1, 'running', '', 1701993416657981, 0);
INSERT INTO public.attempts VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', 0, 1, 'succeeded', '', 1701993416673196, 1701993416673196);
INSERT INTO public.attempts VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', 1, 1, 'failed', 'no luck', 1701993416674314, 1701993416674314);
INSERT INTO public.attempts VALUES ('01a2298c-b3e2-7083-8cdc-cdad5d5df3be', 0, 1, 'succeeded', '', 1701993416692416, 1701993416692416);
INSERT INTO public.attempts VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', 0, 1, 'succeeded', '', 1701993416721795, 1701993416721795);
INSERT INTO public.attempts VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', 1, 1, 'failed', 'no luck', 1701993416732414, 1701993416732414);
INSERT INTO public.attempts VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 0, 1, 'succeeded', '', 1701993416749995, 1701993416749995);
INSERT INTO public.attempts VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 1, 1, 'succeeded', '', 1701993416758995, 1701993416758995);
INSERT INTO public.attempts VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 2, 1, 'succeeded', '', 1701993416759712, 1701993416759712);
INSERT INTO public.dedupe VALUES ('id:hook-received', '01a2298c-b39f-7a53-88f0-b089a933d9ec', 0);
INSERT INTO public.dedupe VALUES ('id:hook-queued', '01a2298c-b3a4-74e8-98ad-7f9e12f99061', 0);
INSERT INTO public.dedupe VALUES ('id:hook-running', '01a2298c-b3bc-757d-9e16-d8de48644408', 0);
INSERT INTO public.dedupe VALUES ('id:hook-grouped', '01a2298c-b3ca-7819-9f43-9b9c110f27a8', 0);
INSERT INTO public.dedupe VALUES ('id:hook-retry', '01a2298c-b3cd-7984-aa52-33e3e7c70fdf', 0);
INSERT INTO public.dedupe VALUES ('id:hook-debounced', '01a2298c-b3e0-74f6-8189-edc6d5722ae3', 0);
INSERT INTO public.dedupe VALUES ('id:hook-cancelled', '01a2298c-b3e2-7087-bd53-06cb2379b6f9', 0);
INSERT INTO public.dedupe VALUES ('id:hook-failed', '01a2298c-b3f8-7499-9e44-4ab0c3481458', 0);
INSERT INTO public.dedupe VALUES ('id:hook-once', '01a2298c-b422-78fb-bd15-c55477279db7', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b39f-7a53-88f0-b089a933d9ec', 'hook-received', 'id:hook-received', '', 1701993416607675, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'received', 0, '', '', '', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3a4-74e8-98ad-7f9e12f99061', 'hook-queued', 'id:hook-queued', '', 1701993416612320, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"queued":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3bc-757d-9e16-d8de48644408', 'hook-running', 'id:hook-running', '', 1701993416636359, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"running":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3ca-7819-9f43-9b9c110f27a8', 'hook-grouped', 'id:hook-grouped', '', 1701993416650530, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"grouped":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3cd-7984-aa52-33e3e7c70fdf', 'hook-retry', 'id:hook-retry', '', 1701993416653623, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"retry":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3e0-74f6-8189-edc6d5722ae3', 'hook-debounced', 'id:hook-debounced', '', 1701993416672324, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"debounced":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3e2-7087-bd53-06cb2379b6f9', 'hook-cancelled', 'id:hook-cancelled', '', 1701993416674034, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"cancelled":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b3f8-7499-9e44-4ab0c3481458', 'hook-failed', 'id:hook-failed', '', 1701993416696300, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"failed":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.deliveries VALUES ('01a2298c-b422-78fb-bd15-c55477279db7', 'hook-once', 'id:hook-once', '', 1701993416738588, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', 'matched', 0, '', '{"once":"matched"}', '{"rules":[]}', '\x7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d', '', 0);
INSERT INTO public.once VALUES ('once', 'used up', '01a2298c-b422-78f0-b86d-845a1dcb45be', 'used');
INSERT INTO public.river_job VALUES (1, 'available', 0, 1, NULL, '2023-12-08 23:03:36.625445+00', NULL, '2023-12-08 23:03:36.625445+00', 1, '{"run_id": "01a2298c-b3a4-74e0-b2f4-59820a92439f"}', NULL, NULL, 'run', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_job VALUES (2, 'available', 0, 1, NULL, '2023-12-08 23:03:36.637855+00', NULL, '2023-12-08 23:03:36.637855+00', 1, '{"run_id": "01a2298c-b3bc-7577-827c-8cbd007e0edf"}', NULL, NULL, 'run', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_job VALUES (3, 'available', 0, 1, NULL, '2023-12-08 23:03:36.656554+00', NULL, '2023-12-08 23:03:36.656554+00', 1, '{"run_id": "01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1"}', NULL, NULL, 'run', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_job VALUES (4, 'cancelled', 0, 1, NULL, '2023-12-08 23:03:36.677167+00', '2023-12-08 23:03:36.685101+00', '2023-12-08 23:03:36.677167+00', 1, '{"run_id": "01a2298c-b3e2-7083-8cdc-cdad5d5df3be"}', NULL, NULL, 'run', '{"cancel_attempted_at": "2023-12-08T23:03:36.686405003Z"}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_job VALUES (5, 'available', 0, 1, NULL, '2023-12-08 23:03:36.697361+00', NULL, '2023-12-08 23:03:36.697361+00', 1, '{"run_id": "01a2298c-b3f8-7493-8c14-9afbd729c42c"}', NULL, NULL, 'run', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_job VALUES (6, 'available', 0, 1, NULL, '2023-12-08 23:03:36.739988+00', NULL, '2023-12-08 23:03:36.739988+00', 1, '{"run_id": "01a2298c-b422-78f0-b86d-845a1dcb45be"}', NULL, NULL, 'run', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_migration VALUES ('main', 1, '2023-12-08 23:03:36.475933+00');
INSERT INTO public.river_migration VALUES ('main', 2, '2023-12-08 23:03:36.485368+00');
INSERT INTO public.river_migration VALUES ('main', 3, '2023-12-08 23:03:36.516246+00');
INSERT INTO public.river_migration VALUES ('main', 4, '2023-12-08 23:03:36.517473+00');
INSERT INTO public.river_migration VALUES ('main', 5, '2023-12-08 23:03:36.523771+00');
INSERT INTO public.river_migration VALUES ('main', 6, '2023-12-08 23:03:36.540957+00');
INSERT INTO public.river_migration VALUES ('main', 7, '2023-12-08 23:03:36.54219+00');
INSERT INTO public.river_migration VALUES ('main', 8, '2023-12-08 23:03:36.553307+00');
INSERT INTO public.runs VALUES ('01a2298c-b3a4-74e0-b2f4-59820a92439f', '01a2298c-b3a4-74e8-98ad-7f9e12f99061', 'queued', 'demo/tiny', 'model', 'r1', '', '', 0, 'queued', '', '', 0, 1, '{"rule_hash":"h","key":"key-queued","steps":[{"id":"a","uses":"test.note","with":{"key":"queued/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"queued/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"queued/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416621020, 0, 0, 1, 1701993416621020, '', 0, 0, '', '', '', 0, '', NULL, '');
INSERT INTO public.runs VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', '01a2298c-b3bc-757d-9e16-d8de48644408', 'running', 'demo/tiny', 'model', 'r1', '', '', 0, 'running', '', '', 0, 1, '{"rule_hash":"h","key":"key-running","steps":[{"id":"a","uses":"test.note","with":{"key":"running/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"running/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"running/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416644993, 1701993416649121, 0, 2, 1701993416644993, 'a process that is gone', 1701993417641042, 1, '', '', '', 0, 'one group', 'one group', 'queue');
INSERT INTO public.runs VALUES ('01a2298c-b3ca-7814-9b82-995c8a071524', '01a2298c-b3ca-7819-9f43-9b9c110f27a8', 'grouped', 'demo/tiny', 'model', 'r1', '', '', 0, 'waiting', 'waits for run 01a2298c-b3bc-7577-827c-8cbd007e0edf in the concurrency group one group', 'group', 0, 1, '{"rule_hash":"h","key":"key-grouped","steps":[{"id":"a","uses":"test.note","with":{"key":"grouped/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"grouped/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"grouped/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416660568, 0, 0, 0, 1701993416660568, '', 0, 0, '', '', '', 0, 'one group', NULL, 'queue');
INSERT INTO public.runs VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', '01a2298c-b3cd-7984-aa52-33e3e7c70fdf', 'retry', 'demo/tiny', 'model', 'r1', '', '', 0, 'waiting', 'step b failed; retry 1 of 2', 'retry', 1701993417667263, 1, '{"rule_hash":"h","key":"key-retry","steps":[{"id":"a","uses":"test.note","with":{"key":"retry/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"retry/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"retry/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416662197, 1701993416668693, 0, 3, 1701993416662197, '', 0, 1, '', '', '', 0, '', NULL, '');
INSERT INTO public.runs VALUES ('01a2298c-b3e0-74f0-92e8-21d03aa0b787', '01a2298c-b3e0-74f6-8189-edc6d5722ae3', 'debounced', 'demo/tiny', 'model', 'r1', '', '', 0, 'waiting', 'debounced: waits until demo/tiny is quiet', 'debounce', 1701993417681010, 1, '{"rule_hash":"h","key":"key-debounced","steps":[{"id":"a","uses":"test.note","with":{"key":"debounced/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"debounced/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"debounced/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416681010, 0, 0, 0, 1701993416681010, '', 0, 0, '', '', 'demo/tiny', 1701993416681010, '', NULL, '');
INSERT INTO public.runs VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', '01a2298c-b422-78fb-bd15-c55477279db7', 'once', 'demo/tiny', 'model', 'r1', '', '', 0, 'succeeded', '', '', 0, 1, '{"rule_hash":"h","key":"key-once","steps":[{"id":"a","uses":"test.note","with":{"key":"once/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"once/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"once/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', '', 1701993416747255, 1701993416749225, 1701993416764516, 6, 1701993416747255, '', 0, 1, 'used up', '', '', 0, '', NULL, '');
INSERT INTO public.runs VALUES ('01a2298c-b3e2-7083-8cdc-cdad5d5df3be', '01a2298c-b3e2-7087-bd53-06cb2379b6f9', 'cancelled', 'demo/tiny', 'model', 'r1', '', '', 0, 'running', '', '', 0, 1, '{"rule_hash":"h","key":"key-cancelled","steps":[{"id":"a","uses":"test.note","with":{"key":"cancelled/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"cancelled/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"cancelled/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', '', 'by hand', 1701993416682669, 1701993416686597, 0, 4, 1701993416682669, 'a process that is gone', 1701993417678518, 1, '', '', '', 0, '', NULL, '');
INSERT INTO public.runs VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', '01a2298c-b3f8-7499-9e44-4ab0c3481458', 'failed', 'demo/tiny', 'model', 'r1', '', '', 0, 'failed', '', '', 0, 1, '{"rule_hash":"h","key":"key-failed","steps":[{"id":"a","uses":"test.note","with":{"key":"failed/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"failed/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"failed/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}', 'step b: no luck', '', 1701993416704987, 1701993416706716, 1701993416745006, 5, 1701993416704987, '', 0, 1, '', '', '', 0, '', NULL, '');
INSERT INTO public.schema_version VALUES (1, 1701993416594433);
INSERT INTO public.schema_version VALUES (2, 1701993416605921);
INSERT INTO public.steps VALUES ('01a2298c-b3a4-74e0-b2f4-59820a92439f', 0, 'a', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3a4-74e0-b2f4-59820a92439f', 1, 'b', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3a4-74e0-b2f4-59820a92439f', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', 0, 'a', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416653594, 1701993416653594);
INSERT INTO public.steps VALUES ('01a2298c-b3bc-7577-827c-8cbd007e0edf', 1, 'b', 'test.note', 'running', 1, 0, '{"key":"cut off"}', '', '', 1701993416657981, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3ca-7814-9b82-995c8a071524', 0, 'a', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3ca-7814-9b82-995c8a071524', 1, 'b', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3ca-7814-9b82-995c8a071524', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', 0, 'a', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416673196, 1701993416673196);
INSERT INTO public.steps VALUES ('01a2298c-b3cd-7980-bcc4-ba0fec9fc4c1', 1, 'b', 'test.note', 'waiting', 1, 1, '{"key":"as expanded"}', '', 'no luck', 1701993416674314, 1701993416674314);
INSERT INTO public.steps VALUES ('01a2298c-b3e0-74f0-92e8-21d03aa0b787', 0, 'a', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3e0-74f0-92e8-21d03aa0b787', 1, 'b', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3e0-74f0-92e8-21d03aa0b787', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3e2-7083-8cdc-cdad5d5df3be', 1, 'b', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3e2-7083-8cdc-cdad5d5df3be', 2, 'c', 'test.note', 'queued', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b3e2-7083-8cdc-cdad5d5df3be', 0, 'a', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416692416, 1701993416692416);
INSERT INTO public.steps VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', 0, 'a', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416721795, 1701993416721795);
INSERT INTO public.steps VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', 1, 'b', 'test.note', 'failed', 1, 1, '{"key":"as expanded"}', '{"said":"hello"}', 'no luck', 1701993416732414, 1701993416732414);
INSERT INTO public.steps VALUES ('01a2298c-b3f8-7493-8c14-9afbd729c42c', 2, 'c', 'test.note', 'cancelled', 0, 0, '', '', '', 0, 0);
INSERT INTO public.steps VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 0, 'a', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416749995, 1701993416749995);
INSERT INTO public.steps VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 1, 'b', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416758995, 1701993416758995);
INSERT INTO public.steps VALUES ('01a2298c-b422-78f0-b86d-845a1dcb45be', 2, 'c', 'test.note', 'succeeded', 1, 0, '{"key":"as expanded"}', '{"said":"hello"}', '', 1701993416759712, 1701993416759712);
INSERT INTO public.verdicts VALUES ('queued', '01a2298c-b3a4-74e8-98ad-7f9e12f99061', 'matched');
INSERT INTO public.verdicts VALUES ('running', '01a2298c-b3bc-757d-9e16-d8de48644408', 'matched');
INSERT INTO public.verdicts VALUES ('grouped', '01a2298c-b3ca-7819-9f43-9b9c110f27a8', 'matched');
INSERT INTO public.verdicts VALUES ('retry', '01a2298c-b3cd-7984-aa52-33e3e7c70fdf', 'matched');
INSERT INTO public.verdicts VALUES ('debounced', '01a2298c-b3e0-74f6-8189-edc6d5722ae3', 'matched');
INSERT INTO public.verdicts VALUES ('cancelled', '01a2298c-b3e2-7087-bd53-06cb2379b6f9', 'matched');
INSERT INTO public.verdicts VALUES ('failed', '01a2298c-b3f8-7499-9e44-4ab0c3481458', 'matched');
INSERT INTO public.verdicts VALUES ('once', '01a2298c-b422-78fb-bd15-c55477279db7', 'matched');
SELECT pg_catalog.setval('public.river_job_id_seq', 6, true);
SELECT pg_catalog.setval('public.river_notification_id_seq', 1, false);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (run_id, idx, attempt);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.breakers
    ADD CONSTRAINT breakers_pkey PRIMARY KEY (rule, repo_id);
ALTER TABLE ONLY public.dedupe
    ADD CONSTRAINT dedupe_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (run_id, idx, attempt, seq);
ALTER TABLE ONLY public.once
    ADD CONSTRAINT once_pkey PRIMARY KEY (rule, key);
ALTER TABLE ONLY public.optouts
    ADD CONSTRAINT optouts_pkey PRIMARY KEY (repo_id, rule);
ALTER TABLE ONLY public.own
    ADD CONSTRAINT own_pkey PRIMARY KEY (kind, id);
ALTER TABLE ONLY public.progress
    ADD CONSTRAINT progress_pkey PRIMARY KEY (run_id, idx);
ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);
ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (run_id, idx);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_pkey PRIMARY KEY (rule, delivery_id);
CREATE INDEX deliveries_by_key ON public.deliveries USING btree (key);
CREATE INDEX deliveries_by_public ON public.deliveries USING btree (id) WHERE (is_public = 1);
CREATE INDEX deliveries_by_repo ON public.deliveries USING btree (repo, id);
CREATE INDEX deliveries_by_state ON public.deliveries USING btree (state, id);
CREATE INDEX deliveries_by_time ON public.deliveries USING btree (received_at, hook);
CREATE INDEX once_by_run ON public.once USING btree (run_id);
CREATE INDEX river_job_args_index ON public.river_job USING gin (args);
CREATE INDEX river_job_kind ON public.river_job USING btree (kind);
CREATE INDEX river_job_metadata_index ON public.river_job USING gin (metadata);
CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));
CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);
CREATE INDEX runs_by_breaker ON public.runs USING btree (rule, repo_id, created_at);
CREATE INDEX runs_by_debounce ON public.runs USING btree (rule, debounce_key, state);
CREATE UNIQUE INDEX runs_by_delivery ON public.runs USING btree (delivery_id, rule, ref);
CREATE INDEX runs_by_finish ON public.runs USING btree (finished_at, state, started_at, ticketed_at) WHERE (finished_at > 0);
CREATE INDEX runs_by_group ON public.runs USING btree (group_key, state, id);
CREATE INDEX runs_by_rate ON public.runs USING btree (rule, rate_key, created_at);
CREATE INDEX runs_by_repo ON public.runs USING btree (repo, id);
CREATE INDEX runs_by_rule ON public.runs USING btree (rule, id);
CREATE INDEX runs_by_state ON public.runs USING btree (state, wait_until);
CREATE INDEX runs_by_state_id ON public.runs USING btree (state, id);
CREATE UNIQUE INDEX runs_group_slot ON public.runs USING btree (group_slot) WHERE (group_slot IS NOT NULL);
CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX verdicts_by_delivery ON public.verdicts USING btree (delivery_id, verdict);
CREATE INDEX verdicts_by_rule ON public.verdicts USING btree (rule, verdict, delivery_id);
CREATE INDEX verdicts_by_verdict ON public.verdicts USING btree (verdict, delivery_id);
