-- What a server needs beyond a batch: traversals that people find, dead letters, channels.

-- The DAG that was asked for; what the user named it by; its trace context, as `traceparent tracestate`. `is_astray`: it
-- began at another time than its id tells, so that a search by time does not find it by its id.
ALTER TABLE traversal ADD COLUMN dag TEXT;
ALTER TABLE traversal ADD COLUMN name TEXT;
ALTER TABLE traversal ADD COLUMN labels TEXT;
ALTER TABLE traversal ADD COLUMN trace TEXT;
ALTER TABLE traversal ADD COLUMN is_astray INTEGER NOT NULL DEFAULT 1;
ALTER TABLE traversal ADD COLUMN is_child AS (id <> root);
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

CREATE TABLE dead_letter (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  headers TEXT NOT NULL,
  value BLOB NOT NULL,
  reason TEXT NOT NULL,
  UNIQUE (topic, id)
);
INSERT INTO dead_letter (topic, id, key, headers, value, reason)
SELECT
  substr(topic, 1, length(topic) - length('.dead-letter')), id, key,
  json_remove(headers, '$."waygrid-dead-letter-reason"'), value,
  coalesce(json_extract(headers, '$."waygrid-dead-letter-reason"'), '')
FROM message WHERE topic LIKE '%.dead-letter' ORDER BY position;
DELETE FROM message WHERE topic LIKE '%.dead-letter';

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
