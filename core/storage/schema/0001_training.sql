-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Products, models and how they were trained. Times are milliseconds since 1970 UTC; NULL in a REAL column is "not a
-- number". A file that has been released is never edited: a change is a new file with the next number.
CREATE TABLE products (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    folder TEXT NOT NULL,
    model_path TEXT NOT NULL,
    notes TEXT NOT NULL
) STRICT;

-- A model is its content; the path is where it lay when it was used.
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (path, sha256)
) STRICT;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    data_folder TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    options TEXT NOT NULL,
    seed INTEGER NOT NULL,
    machine TEXT NOT NULL,
    program_version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'cancelled', 'failed')),
    message TEXT NOT NULL DEFAULT '',
    model_id INTEGER REFERENCES models (id),
    final TEXT NOT NULL DEFAULT '{}',
    started INTEGER NOT NULL,
    finished INTEGER
) STRICT;
CREATE INDEX runs_by_model ON runs (model_id);

CREATE TABLE run_metrics (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (run_id, name, step)
) STRICT, WITHOUT ROWID;
