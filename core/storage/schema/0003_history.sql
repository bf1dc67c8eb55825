-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a run needs to be continued, and what people write on it. `lock_token` is what the process at work wrote into
-- the lock beside `target_file`; a run that says "running" while nobody holds that lock was interrupted.
ALTER TABLE runs ADD COLUMN libraries TEXT NOT NULL DEFAULT '{}';
ALTER TABLE runs ADD COLUMN target_file TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN encoder_file TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN checkpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN lock_token TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN notes TEXT NOT NULL DEFAULT '';

CREATE TABLE run_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX run_events_by_run ON run_events (run_id);

-- Pictures to show what was learnt from and what came out; PNG.
CREATE TABLE run_samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind <> ''),
    position INTEGER NOT NULL,
    step INTEGER NOT NULL,
    png BLOB NOT NULL,
    UNIQUE (run_id, kind, position)
) STRICT;
