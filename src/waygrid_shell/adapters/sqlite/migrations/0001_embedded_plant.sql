-- The tables of the embedded plant. Instants are whole microseconds since 1970 in UTC.

-- The event log: what is not acknowledged.
CREATE TABLE message (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  headers TEXT NOT NULL,
  value BLOB NOT NULL,
  UNIQUE (topic, id)
);
CREATE INDEX message_by_topic ON message (topic, position);

-- One row a traversal: what lists show, and the version that guards its journal.
CREATE TABLE traversal (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  plan BLOB,
  parent TEXT,
  root TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER,
  ending BLOB,
  events_since_snapshot INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX traversal_unfinished ON traversal (begun_at) WHERE ended_at IS NULL;

-- The journal: one row a message that changed a traversal. Its effects are the outbox.
CREATE TABLE journal (
  traversal TEXT NOT NULL,
  version INTEGER NOT NULL,
  cause TEXT NOT NULL,
  at INTEGER NOT NULL,
  events BLOB NOT NULL,
  effects BLOB NOT NULL,
  PRIMARY KEY (traversal, version),
  UNIQUE (traversal, cause)
) WITHOUT ROWID;

-- The newest whole state of a traversal; its journal goes on from there.
CREATE TABLE snapshot (
  traversal TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  state BLOB NOT NULL
);

CREATE TABLE dag (
  hash TEXT PRIMARY KEY,
  document BLOB NOT NULL
);
CREATE TABLE dag_body (
  hash TEXT PRIMARY KEY,
  within TEXT NOT NULL REFERENCES dag (hash)
) WITHOUT ROWID;

CREATE TABLE timer (
  set_order INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  traversal TEXT NOT NULL,
  due INTEGER NOT NULL
);
CREATE INDEX timer_by_due ON timer (due, set_order);

CREATE TABLE answer (
  id TEXT PRIMARY KEY,
  value BLOB NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX answer_by_age ON answer (at);

CREATE TABLE claim (
  key TEXT PRIMARY KEY,
  traversal TEXT NOT NULL,
  note TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX claim_by_traversal ON claim (traversal);

CREATE TABLE mailbox (
  event TEXT NOT NULL,
  key TEXT NOT NULL,
  content BLOB NOT NULL,
  has_waiting INTEGER NOT NULL,
  PRIMARY KEY (key, event)
) WITHOUT ROWID;
CREATE INDEX mailbox_waiting ON mailbox (has_waiting) WHERE has_waiting;

-- Large values of events and states, once each.
CREATE TABLE shared_value (
  hash TEXT PRIMARY KEY,
  value BLOB NOT NULL
);
