-- What the first release with SQLite (schema 1, commit 8e5dd7c) left behind when it was killed; see upgrade_test.go.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id text NOT NULL,
    name text PRIMARY KEY NOT NULL DEFAULT 'default' CHECK (name = 'default'),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);
CREATE TABLE river_migration (
    line text NOT NULL,
    version integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
INSERT INTO river_migration VALUES('main',1,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',2,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',3,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',4,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',5,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',6,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',7,'2023-12-08 23:02:59');
INSERT INTO river_migration VALUES('main',8,'2023-12-08 23:02:59');
CREATE TABLE river_notification (
    id integer PRIMARY KEY AUTOINCREMENT,
    created_at timestamp NOT NULL DEFAULT (datetime('now', 'subsec')),
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (length(topic) > 0 AND length(topic) < 128)
);
INSERT INTO river_notification VALUES(1,'2023-12-08 23:02:59.660','{"queue": "default"}','river_insert');
INSERT INTO river_notification VALUES(2,'2023-12-08 23:02:59.685','{"queue": "default"}','river_insert');
INSERT INTO river_notification VALUES(3,'2023-12-08 23:02:59.693','{"queue": "default"}','river_insert');
INSERT INTO river_notification VALUES(4,'2023-12-08 23:02:59.695','{"action":"cancel","job_id":4,"queue":"default"}','river_control');
INSERT INTO river_notification VALUES(5,'2023-12-08 23:02:59.700','{"queue": "default"}','river_insert');
CREATE TABLE river_queue (
    name text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE river_job (
    id integer PRIMARY KEY AUTOINCREMENT,
    args blob NOT NULL DEFAULT (jsonb('{}')),
    attempt integer NOT NULL DEFAULT 0,
    attempted_at timestamp,
    attempted_by blob, -- json
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors blob, -- json
    finalized_at timestamp,
    kind text NOT NULL,
    max_attempts integer NOT NULL DEFAULT 25,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    priority integer NOT NULL DEFAULT 1,
    queue text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'available',
    scheduled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags blob NOT NULL DEFAULT (jsonb('[]')),
    unique_key blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
INSERT INTO river_job VALUES(1,X'cc2d6772756e5f6964c72430316132323938632d323334622d373630322d393638662d343334383837396634383665',0,NULL,NULL,'2023-12-08 23:02:59.660',NULL,NULL,'run',1,X'cc26c71272697665723a756e697175655f6e6f6e6365c71033393932393031356339313764613634',1,'default','available','2023-12-08 23:02:59.660',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(2,X'cc2d6772756e5f6964c72430316132323938632d323334642d376564322d393537362d353131313362356234373533',0,NULL,NULL,'2023-12-08 23:02:59.664',NULL,NULL,'run',1,X'cc26c71272697665723a756e697175655f6e6f6e6365c71034326663313838353763393432656534',1,'default','available','2023-12-08 23:02:59.664',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(3,X'cc2d6772756e5f6964c72430316132323938632d323336342d373735372d393430612d653566323934366432356130',0,NULL,NULL,'2023-12-08 23:02:59.685',NULL,NULL,'run',1,X'cc26c71272697665723a756e697175655f6e6f6e6365c71030643335633465613063353931326662',1,'default','available','2023-12-08 23:02:59.685',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(4,X'cc2d6772756e5f6964c72430316132323938632d323336632d373230662d613662352d663863646238383735646565',0,NULL,NULL,'2023-12-08 23:02:59.693',NULL,'2023-12-08 23:02:59.695','run',1,X'cc5bc71272697665723a756e697175655f6e6f6e6365c71030643763373665373139326563376137ca1363616e63656c5f617474656d707465645f6174ca1e323032362d31312d32395432333a30323a35392e3639353035363430395a',1,'default','cancelled','2023-12-08 23:02:59.693',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(5,X'cc2d6772756e5f6964c72430316132323938632d323336662d376161392d393736662d353761633161333734306336',0,NULL,NULL,'2023-12-08 23:02:59.696',NULL,NULL,'run',1,X'cc26c71272697665723a756e697175655f6e6f6e6365c71031643266323332373962326231613535',1,'default','available','2023-12-08 23:02:59.696',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(6,X'cc2d6772756e5f6964c72430316132323938632d323337332d373436302d383064342d663537336532616638326130',0,NULL,NULL,'2023-12-08 23:02:59.700',NULL,NULL,'run',1,X'cc26c71272697665723a756e697175655f6e6f6e6365c71038323634633464393339353332353966',1,'default','available','2023-12-08 23:02:59.700',X'0b',NULL,NULL);
CREATE TABLE schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);
INSERT INTO schema_version VALUES(1,1701993379567599);
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
INSERT INTO deliveries VALUES('01a2298c-234a-7bde-8ddd-ac4ab61cd5b9','hook-received','id:hook-received','',1701993379658776,'webhook','','discussion','create','demo/tiny','model','received',0,'','','',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-234b-7627-865c-a1776083b989','hook-queued','id:hook-queued','',1701993379659394,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"queued":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-234d-7ed8-b36f-97ac8783310a','hook-running','id:hook-running','',1701993379661972,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"running":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-2360-73a5-bd66-0d92220bea71','hook-grouped','id:hook-grouped','',1701993379680238,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"grouped":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-2364-775f-929a-d7f251a0522d','hook-retry','id:hook-retry','',1701993379684482,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"retry":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-2369-7c5d-8e0f-d612b1d13264','hook-debounced','id:hook-debounced','',1701993379689809,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"debounced":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-236c-7230-af1f-df6e449423f0','hook-cancelled','id:hook-cancelled','',1701993379692142,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"cancelled":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-236f-7aae-b376-edb2483038d6','hook-failed','id:hook-failed','',1701993379695699,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"failed":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
INSERT INTO deliveries VALUES('01a2298c-2373-7467-a359-8d01b1d567e2','hook-once','id:hook-once','',1701993379699287,'webhook','','discussion','create','demo/tiny','model','matched',0,'','{"once":"matched"}','{"rules":[]}',X'7b226576656e74223a7b22616374696f6e223a22637265617465222c2273636f7065223a2264697363757373696f6e227d2c227265706f223a7b2274797065223a226d6f64656c222c226e616d65223a2264656d6f2f74696e79222c226964223a227231222c2270726976617465223a66616c73652c226f776e6572223a7b226964223a226f31227d7d2c2264697363757373696f6e223a7b226964223a226431222c227469746c65223a227265636569766564222c22737461747573223a226f70656e222c226e756d223a372c22697350756c6c52657175657374223a66616c73652c22617574686f72223a7b226964223a227531227d7d2c22776562686f6f6b223a7b226964223a227731222c2276657273696f6e223a337d7d');
CREATE TABLE dedupe (
    key         TEXT PRIMARY KEY,
    delivery_id TEXT NOT NULL,
    expires_at  BIGINT NOT NULL
);
INSERT INTO dedupe VALUES('id:hook-received','01a2298c-234a-7bde-8ddd-ac4ab61cd5b9',0);
INSERT INTO dedupe VALUES('id:hook-queued','01a2298c-234b-7627-865c-a1776083b989',0);
INSERT INTO dedupe VALUES('id:hook-running','01a2298c-234d-7ed8-b36f-97ac8783310a',0);
INSERT INTO dedupe VALUES('id:hook-grouped','01a2298c-2360-73a5-bd66-0d92220bea71',0);
INSERT INTO dedupe VALUES('id:hook-retry','01a2298c-2364-775f-929a-d7f251a0522d',0);
INSERT INTO dedupe VALUES('id:hook-debounced','01a2298c-2369-7c5d-8e0f-d612b1d13264',0);
INSERT INTO dedupe VALUES('id:hook-cancelled','01a2298c-236c-7230-af1f-df6e449423f0',0);
INSERT INTO dedupe VALUES('id:hook-failed','01a2298c-236f-7aae-b376-edb2483038d6',0);
INSERT INTO dedupe VALUES('id:hook-once','01a2298c-2373-7467-a359-8d01b1d567e2',0);
CREATE TABLE verdicts (
    rule        TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    PRIMARY KEY (rule, delivery_id)
);
INSERT INTO verdicts VALUES('queued','01a2298c-234b-7627-865c-a1776083b989','matched');
INSERT INTO verdicts VALUES('running','01a2298c-234d-7ed8-b36f-97ac8783310a','matched');
INSERT INTO verdicts VALUES('grouped','01a2298c-2360-73a5-bd66-0d92220bea71','matched');
INSERT INTO verdicts VALUES('retry','01a2298c-2364-775f-929a-d7f251a0522d','matched');
INSERT INTO verdicts VALUES('debounced','01a2298c-2369-7c5d-8e0f-d612b1d13264','matched');
INSERT INTO verdicts VALUES('cancelled','01a2298c-236c-7230-af1f-df6e449423f0','matched');
INSERT INTO verdicts VALUES('failed','01a2298c-236f-7aae-b376-edb2483038d6','matched');
INSERT INTO verdicts VALUES('once','01a2298c-2373-7467-a359-8d01b1d567e2','matched');
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
    ticket         BIGINT NOT NULL, -- the queue's number of its latest ticket
    ticketed_at    BIGINT NOT NULL,
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
INSERT INTO runs VALUES('01a2298c-234b-7602-968f-4348879f486e','01a2298c-234b-7627-865c-a1776083b989','queued','demo/tiny','model','r1','','',0,'queued','','',0,1,'{"rule_hash":"h","key":"key-queued","steps":[{"id":"a","uses":"test.note","with":{"key":"queued/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"queued/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"queued/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379659829,0,0,1,1701993379659829,'',0,0,'','','',0,'',NULL,'');
INSERT INTO runs VALUES('01a2298c-234d-7ed2-9576-51113b5b4753','01a2298c-234d-7ed8-b36f-97ac8783310a','running','demo/tiny','model','r1','','',0,'running','','',0,1,'{"rule_hash":"h","key":"key-running","steps":[{"id":"a","uses":"test.note","with":{"key":"running/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"running/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"running/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379664260,1701993379667182,0,2,1701993379664260,'a process that is gone',1701993380667183,1,'','','',0,'one group','one group','queue');
INSERT INTO runs VALUES('01a2298c-2360-739b-a971-eb2084684ad2','01a2298c-2360-73a5-bd66-0d92220bea71','grouped','demo/tiny','model','r1','','',0,'waiting','waits for run 01a2298c-234d-7ed2-9576-51113b5b4753 in the concurrency group one group','group',0,1,'{"rule_hash":"h","key":"key-grouped","steps":[{"id":"a","uses":"test.note","with":{"key":"grouped/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"grouped/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"grouped/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379682462,0,0,0,1701993379682462,'',0,0,'','','',0,'one group',NULL,'queue');
INSERT INTO runs VALUES('01a2298c-2364-7757-940a-e5f2946d25a0','01a2298c-2364-775f-929a-d7f251a0522d','retry','demo/tiny','model','r1','','',0,'waiting','step b failed; retry 1 of 2','retry',1701993380689529,1,'{"rule_hash":"h","key":"key-retry","steps":[{"id":"a","uses":"test.note","with":{"key":"retry/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"retry/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"retry/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379685116,1701993379686528,0,3,1701993379685116,'',0,1,'','','',0,'',NULL,'');
INSERT INTO runs VALUES('01a2298c-2369-7c56-af8b-796ff607706c','01a2298c-2369-7c5d-8e0f-d612b1d13264','debounced','demo/tiny','model','r1','','',0,'waiting','debounced: waits until demo/tiny is quiet','debounce',1701993380690219,1,'{"rule_hash":"h","key":"key-debounced","steps":[{"id":"a","uses":"test.note","with":{"key":"debounced/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"debounced/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"debounced/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379690219,0,0,0,1701993379690219,'',0,0,'','','demo/tiny',1701993379690219,'',NULL,'');
INSERT INTO runs VALUES('01a2298c-236c-720f-a6b5-f8cdb8875dee','01a2298c-236c-7230-af1f-df6e449423f0','cancelled','demo/tiny','model','r1','','',0,'running','','',0,1,'{"rule_hash":"h","key":"key-cancelled","steps":[{"id":"a","uses":"test.note","with":{"key":"cancelled/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"cancelled/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"cancelled/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','by hand',1701993379692648,1701993379693804,0,4,1701993379692648,'a process that is gone',1701993380693804,1,'','','',0,'',NULL,'');
INSERT INTO runs VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6','01a2298c-236f-7aae-b376-edb2483038d6','failed','demo/tiny','model','r1','','',0,'failed','','',0,1,'{"rule_hash":"h","key":"key-failed","steps":[{"id":"a","uses":"test.note","with":{"key":"failed/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"failed/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"failed/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','step b: no luck','',1701993379696255,1701993379697338,1701993379698840,5,1701993379696255,'',0,1,'','','',0,'',NULL,'');
INSERT INTO runs VALUES('01a2298c-2373-7460-80d4-f573e2af82a0','01a2298c-2373-7467-a359-8d01b1d567e2','once','demo/tiny','model','r1','','',0,'succeeded','','',0,1,'{"rule_hash":"h","key":"key-once","steps":[{"id":"a","uses":"test.note","with":{"key":"once/a"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"b","uses":"test.note","with":{"key":"once/b after ${{ steps.a.outputs.said }}"},"retry":{"max":2,"backoff":1000000,"factor":1}},{"id":"c","uses":"test.note","with":{"key":"once/c"},"retry":{"max":2,"backoff":1000000,"factor":1}}]}','','',1701993379699723,1701993379700938,1701993379702972,6,1701993379699723,'',0,1,'used up','','',0,'',NULL,'');
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
INSERT INTO steps VALUES('01a2298c-234b-7602-968f-4348879f486e',0,'a','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-234b-7602-968f-4348879f486e',1,'b','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-234b-7602-968f-4348879f486e',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-234d-7ed2-9576-51113b5b4753',0,'a','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379675385,1701993379675385);
INSERT INTO steps VALUES('01a2298c-234d-7ed2-9576-51113b5b4753',1,'b','test.note','running',1,0,'{"key":"cut off"}','','',1701993379676063,0);
INSERT INTO steps VALUES('01a2298c-234d-7ed2-9576-51113b5b4753',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2360-739b-a971-eb2084684ad2',0,'a','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2360-739b-a971-eb2084684ad2',1,'b','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2360-739b-a971-eb2084684ad2',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2364-7757-940a-e5f2946d25a0',0,'a','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379688335,1701993379688335);
INSERT INTO steps VALUES('01a2298c-2364-7757-940a-e5f2946d25a0',1,'b','test.note','waiting',1,1,'{"key":"as expanded"}','{"said":"hello"}','no luck',1701993379688986,1701993379688986);
INSERT INTO steps VALUES('01a2298c-2364-7757-940a-e5f2946d25a0',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2369-7c56-af8b-796ff607706c',0,'a','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2369-7c56-af8b-796ff607706c',1,'b','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2369-7c56-af8b-796ff607706c',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-236c-720f-a6b5-f8cdb8875dee',0,'a','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379694351,1701993379694351);
INSERT INTO steps VALUES('01a2298c-236c-720f-a6b5-f8cdb8875dee',1,'b','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-236c-720f-a6b5-f8cdb8875dee',2,'c','test.note','queued',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6',0,'a','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379697843,1701993379697843);
INSERT INTO steps VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6',1,'b','test.note','failed',1,1,'{"key":"as expanded"}','{"said":"hello"}','no luck',1701993379698307,1701993379698307);
INSERT INTO steps VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6',2,'c','test.note','cancelled',0,0,'','','',0,0);
INSERT INTO steps VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',0,'a','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379701471,1701993379701471);
INSERT INTO steps VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',1,'b','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379701980,1701993379701980);
INSERT INTO steps VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',2,'c','test.note','succeeded',1,0,'{"key":"as expanded"}','{"said":"hello"}','',1701993379702518,1701993379702518);
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
INSERT INTO attempts VALUES('01a2298c-234d-7ed2-9576-51113b5b4753',0,1,'succeeded','',1701993379675385,1701993379675385);
INSERT INTO attempts VALUES('01a2298c-234d-7ed2-9576-51113b5b4753',1,1,'running','',1701993379676063,0);
INSERT INTO attempts VALUES('01a2298c-2364-7757-940a-e5f2946d25a0',0,1,'succeeded','',1701993379688335,1701993379688335);
INSERT INTO attempts VALUES('01a2298c-2364-7757-940a-e5f2946d25a0',1,1,'failed','no luck',1701993379688986,1701993379688986);
INSERT INTO attempts VALUES('01a2298c-236c-720f-a6b5-f8cdb8875dee',0,1,'succeeded','',1701993379694351,1701993379694351);
INSERT INTO attempts VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6',0,1,'succeeded','',1701993379697843,1701993379697843);
INSERT INTO attempts VALUES('01a2298c-236f-7aa9-976f-57ac1a3740c6',1,1,'failed','no luck',1701993379698307,1701993379698307);
INSERT INTO attempts VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',0,1,'succeeded','',1701993379701471,1701993379701471);
INSERT INTO attempts VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',1,1,'succeeded','',1701993379701980,1701993379701980);
INSERT INTO attempts VALUES('01a2298c-2373-7460-80d4-f573e2af82a0',2,1,'succeeded','',1701993379702518,1701993379702518);
CREATE TABLE once (
    rule   TEXT NOT NULL,
    key    TEXT NOT NULL,
    run_id TEXT NOT NULL,
    state  TEXT NOT NULL,           -- held, used, free
    PRIMARY KEY (rule, key)
);
INSERT INTO once VALUES('once','used up','01a2298c-2373-7460-80d4-f573e2af82a0','used');
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
CREATE TABLE optouts (
    rule    TEXT NOT NULL,
    repo_id TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, rule)
);
CREATE TABLE breakers (
    rule     TEXT NOT NULL,
    repo_id  TEXT NOT NULL,
    reset_at BIGINT NOT NULL,
    PRIMARY KEY (rule, repo_id)
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('river_job',6);
INSERT INTO sqlite_sequence VALUES('river_notification',5);
CREATE INDEX river_notification_created_at_idx ON river_notification (created_at);
CREATE INDEX river_notification_topic_id_idx ON river_notification (topic, id);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_repo ON deliveries (repo, id);
CREATE INDEX deliveries_by_key ON deliveries (key);
CREATE INDEX verdicts_by_delivery ON verdicts (delivery_id, verdict);
CREATE UNIQUE INDEX runs_by_delivery ON runs (delivery_id, rule, ref);
CREATE UNIQUE INDEX runs_group_slot ON runs (group_slot) WHERE group_slot IS NOT NULL;
CREATE INDEX runs_by_state ON runs (state, wait_until);
CREATE INDEX runs_by_rule ON runs (rule, id);
CREATE INDEX runs_by_repo ON runs (repo, id);
CREATE INDEX runs_by_rate ON runs (rule, rate_key, created_at);
CREATE INDEX runs_by_breaker ON runs (rule, repo_id, created_at);
CREATE INDEX runs_by_group ON runs (group_key, state, id);
CREATE INDEX runs_by_debounce ON runs (rule, debounce_key, state);
CREATE INDEX once_by_run ON once (run_id);
COMMIT;
