-- Who may call beside the keys of the settings, and who asked for what.

CREATE TABLE principal (
  name TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  principal TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  address TEXT NOT NULL
);
CREATE INDEX audit_by_principal ON audit (principal, number) WHERE principal <> '';
CREATE INDEX audit_by_subject ON audit (subject, number) WHERE subject <> '';
