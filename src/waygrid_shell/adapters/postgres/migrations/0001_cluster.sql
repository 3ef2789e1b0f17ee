-- The tables of a cluster. Instants are whole microseconds since 1970 in UTC. Texts sort by their bytes, so that ids sort
-- by the time that they begin with.

-- Partitioned by traversal: what began in one week lies together, and is dropped together. The programs make partitions
-- ahead; the partition `_default` has whatever does not tell its time, or a time that has no partition.

-- One row a traversal: what lists show, and the version that guards its journal. A step changes no column that is in an
-- index, so that it is written into the same page. `is_astray`: it began at another time than its id tells.
CREATE TABLE traversal (
  begun_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  ended_at bigint,
  version bigint NOT NULL,
  is_child boolean NOT NULL,
  is_astray boolean NOT NULL,
  id text COLLATE "C" NOT NULL,
  root text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  dag text COLLATE "C",
  name text COLLATE "C",
  trace text COLLATE "C",
  plan bytea,
  parent bytea,
  labels bytea,
  ending bytea,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE traversal_default PARTITION OF traversal DEFAULT WITH (fillfactor = 80);

-- Lists show the newest id first; each index gives its part of them in that order. It is the order of text_pattern_ops,
-- which is that of bytes too, but not that of the primary key: a planner that takes what is asked for to be frequent would
-- walk through that, and through millions of others.
CREATE INDEX traversal_by_status ON traversal (is_child, status, id text_pattern_ops);
CREATE INDEX traversal_by_dag ON traversal (dag, is_child, id text_pattern_ops);
CREATE INDEX traversal_by_name ON traversal (name, id text_pattern_ops) WHERE name IS NOT NULL;
CREATE INDEX traversal_by_root ON traversal (root, id text_pattern_ops) WHERE is_child;
CREATE INDEX traversal_astray ON traversal (id text_pattern_ops) WHERE is_astray;

CREATE TABLE label (
  label text COLLATE "C" NOT NULL,
  traversal text COLLATE "C" NOT NULL
) PARTITION BY RANGE (traversal);
CREATE TABLE label_default PARTITION OF label DEFAULT;
CREATE INDEX label_by_label ON label (label, traversal text_pattern_ops);
CREATE INDEX label_by_traversal ON label USING hash (traversal);

-- The journal: one row a message that changed a traversal. Its effects are the outbox.
CREATE TABLE journal (
  version bigint NOT NULL,
  at bigint NOT NULL,
  traversal text COLLATE "C" NOT NULL,
  cause text COLLATE "C" NOT NULL,
  events bytea NOT NULL,
  effects bytea NOT NULL,
  PRIMARY KEY (traversal, version)
) PARTITION BY RANGE (traversal);
CREATE TABLE journal_default PARTITION OF journal DEFAULT;

-- The newest whole state of a traversal; its journal goes on from there.
CREATE TABLE snapshot (
  version bigint NOT NULL,
  traversal text COLLATE "C" NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (traversal)
) PARTITION BY RANGE (traversal);
CREATE TABLE snapshot_default PARTITION OF snapshot DEFAULT WITH (fillfactor = 80);

-- Large values of events and states, once each in a traversal.
CREATE TABLE shared_value (
  traversal text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (traversal, hash)
) PARTITION BY RANGE (traversal);
CREATE TABLE shared_value_default PARTITION OF shared_value DEFAULT;

CREATE TABLE dag (
  hash text COLLATE "C" PRIMARY KEY,
  document bytea NOT NULL
);
CREATE TABLE dag_body (
  hash text COLLATE "C" PRIMARY KEY,
  within text COLLATE "C" NOT NULL
);

-- Rows of timers live for seconds: what is dead is cleared away often, before the index has many of them at its head.
CREATE TABLE timer (
  set_order bigint GENERATED ALWAYS AS IDENTITY,
  due bigint NOT NULL,
  partition integer NOT NULL,
  id text COLLATE "C" PRIMARY KEY,
  traversal text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX timer_by_due ON timer (partition, due, set_order);

-- `key` may be a digest where it is long; nobody needs it back.
CREATE TABLE claim (
  key text COLLATE "C" PRIMARY KEY,
  traversal text COLLATE "C" NOT NULL,
  note text COLLATE "C" NOT NULL
);
CREATE INDEX claim_by_traversal ON claim (traversal);

-- Events from outside and their awaits. `event_place` and `key_place` are the names as far as an index has room.
CREATE TABLE mailbox (
  version bigint NOT NULL,
  has_waiting boolean NOT NULL,
  key_place text COLLATE "C" NOT NULL,
  event_place text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  event text COLLATE "C" NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (key_place, event_place)
) WITH (fillfactor = 80);
CREATE INDEX mailbox_waiting ON mailbox (key_place, event_place) WHERE has_waiting;

-- What was delivered to channels. Numbers are never given twice.
CREATE TABLE channel (
  last_number bigint NOT NULL,
  name text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 50);
CREATE TABLE channel_message (
  number bigint NOT NULL,
  at bigint NOT NULL,
  channel text COLLATE "C" NOT NULL,
  key_place text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  traversal text COLLATE "C" NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (channel, number),
  UNIQUE (channel, key_place)
);
CREATE INDEX channel_message_by_age ON channel_message (at);

-- Messages that nobody could handle, as they stand in the dead-letter topics, and how far those have been read.
CREATE TABLE dead_letter (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  headers bytea NOT NULL,
  value bytea NOT NULL,
  reason text COLLATE "C" NOT NULL
);
CREATE INDEX dead_letter_by_topic ON dead_letter (topic);
CREATE TABLE dead_letter_progress (
  topic text COLLATE "C" NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (topic, partition)
);

-- Values that are too large to travel.
CREATE TABLE blob (
  put_at bigint NOT NULL,
  digest text COLLATE "C" PRIMARY KEY,
  value bytea NOT NULL
);
CREATE INDEX blob_by_age ON blob (put_at);

CREATE TABLE principal (
  name text COLLATE "C" PRIMARY KEY,
  digest text COLLATE "C" NOT NULL,
  scopes text[] NOT NULL,
  made_at bigint NOT NULL,
  expires_at bigint
);
CREATE INDEX principal_by_digest ON principal (digest);

CREATE TABLE audit (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  principal text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_age ON audit (at);
-- By an order that the primary key has not, for the same reason.
CREATE INDEX audit_by_principal ON audit (principal, (number + 0));
CREATE INDEX audit_by_subject ON audit (subject, (number + 0));
