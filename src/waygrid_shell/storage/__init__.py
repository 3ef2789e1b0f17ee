"""How what ports keep is written, whatever the technology that keeps it: rows, and what stands in their columns.

SQLite and PostgreSQL have the same rows, so that what one of them has learned the other knows too; how a row is put and
found is each adapter's own.

Reading order: `id_times` (what an id tells), `labels`, `shared_values` (large values stand once), `journal_rows`,
`search_plan` (where a list begins to look), `mailbox_bytes`, `migrations` (which shape the tables have).
"""
