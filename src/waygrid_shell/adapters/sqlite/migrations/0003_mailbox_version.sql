-- How often a mailbox was saved: whoever saves it says which one it made the new one of.
ALTER TABLE mailbox ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
