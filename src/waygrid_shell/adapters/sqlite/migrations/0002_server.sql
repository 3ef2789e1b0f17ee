-- What a server needs beyond a batch: traversals that people find, dead letters, channels.

-- The DAG that was asked for; what the user named it by; its trace context, as `traceparent tracestate`. `is_astray`: it
-- began at another time than its id tells, so that a search by time does not find it by its id.
ALTER TABLE traversal ADD COLUMN dag TEXT;
ALTER TABLE traversal ADD COLUMN name TEXT;
ALTER TABLE traversal ADD COLUMN labels TEXT;
ALTER TABLE traversal ADD COLUMN trace TEXT;
ALTER TABLE traversal ADD COLUMN is_astray INTEGER NOT NULL DEFAULT 1;
ALTER TABLE traversal ADD COLUMN is_child AS (id <> root);
ALTER TABLE traversal DROP COLUMN events_since_snapshot;
UPDATE traversal SET dag = coalesce(json_extract(CAST(plan AS TEXT), '$.dag'), json_extract(CAST(plan AS TEXT), '$.body')) WHERE plan IS NOT NULL;

-- Lists show the newest id first; each index gives its part of them in that order.
DROP INDEX traversal_unfinished;
CREATE INDEX traversal_by_status ON traversal (is_child, status, id);
CREATE INDEX traversal_by_dag ON traversal (dag, is_child, id);
CREATE INDEX traversal_by_name ON traversal (name, id) WHERE name IS NOT NULL;
CREATE INDEX traversal_by_root ON traversal (root, id) WHERE is_child;
CREATE INDEX traversal_astray ON traversal (id) WHERE is_astray;

CREATE TABLE label (
  label TEXT NOT NULL,
  traversal TEXT NOT NULL,
  PRIMARY KEY (label, traversal)
) WITHOUT ROWID;

-- Whose events and states refer to a shared value: without anybody's it is forgotten. '' stands for whoever used those
-- that are there already.
CREATE TABLE shared_use (
  traversal TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (traversal, hash)
) WITHOUT ROWID;
CREATE INDEX shared_use_by_hash ON shared_use (hash);
INSERT INTO shared_use SELECT '', hash FROM shared_value;

-- Messages that nobody could handle.
CREATE TABLE dead_letter (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  id TEXT,
  key TEXT NOT NULL,
  headers TEXT NOT NULL,
  value BLOB NOT NULL,
  reason TEXT NOT NULL,
  UNIQUE (topic, id)
);
INSERT INTO dead_letter (topic, id, key, headers, value, reason)
SELECT
  substr(topic, 1, length(topic) - length('.dead-letter')), nullif(id, ''), key,
  json_remove(headers, '$."waygrid-dead-letter-reason"'), value,
  coalesce(json_extract(headers, '$."waygrid-dead-letter-reason"'), '')
FROM message WHERE topic LIKE '%.dead-letter' ORDER BY position;

-- The event log again, many records a row: `[[key, headers, length of value], ...]` as JSON, a newline, the values. A row
-- goes when all its records are acknowledged; `places` is the set of those that are, as bits.
CREATE TABLE message_batch (
  number INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  count INTEGER NOT NULL,
  may_be_repeated INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE INDEX message_batch_by_topic ON message_batch (topic, number);
CREATE TABLE message_acknowledged (
  number INTEGER PRIMARY KEY,
  acknowledged INTEGER NOT NULL,
  places BLOB NOT NULL
);
INSERT INTO message_batch
SELECT
  position, topic, 1, 1,
  CAST(json_array(json_array(key, json(headers), length(value))) || char(10) || value AS BLOB)
FROM message WHERE topic NOT LIKE '%.dead-letter';
DROP TABLE message;

-- The journal again, in the order of writing: its pages fill up one after the other, however many traversals are under
-- way. A cause is looked for among the rows of its traversal.
ALTER TABLE journal RENAME TO old_journal;
CREATE TABLE journal (
  position INTEGER PRIMARY KEY,
  traversal TEXT NOT NULL,
  version INTEGER NOT NULL,
  cause TEXT NOT NULL,
  at INTEGER NOT NULL,
  events BLOB NOT NULL,
  effects BLOB NOT NULL
);
INSERT INTO journal (traversal, version, cause, at, events, effects)
SELECT traversal, version, cause, at, events, effects FROM old_journal ORDER BY traversal, version;
DROP TABLE old_journal;
CREATE UNIQUE INDEX journal_by_traversal ON journal (traversal, version);

-- The answers of workers again, in the order of writing, which is that of their age.
ALTER TABLE answer RENAME TO old_answer;
CREATE TABLE answer (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  value BLOB NOT NULL
);
INSERT INTO answer (id, at, value) SELECT id, at, value FROM old_answer ORDER BY at;
DROP TABLE old_answer;

-- What was delivered to channels. Numbers are never given twice.
CREATE TABLE channel (
  name TEXT PRIMARY KEY,
  last_number INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE channel_message (
  channel TEXT NOT NULL,
  number INTEGER NOT NULL,
  key TEXT NOT NULL,
  traversal TEXT NOT NULL,
  data BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (channel, number),
  UNIQUE (channel, key)
) WITHOUT ROWID;
CREATE INDEX channel_message_by_age ON channel_message (at);
