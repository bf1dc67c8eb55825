-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What was judged, with what, and what was found.
CREATE TABLE inspections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id INTEGER REFERENCES products (id) ON DELETE SET NULL,
    folder TEXT NOT NULL,
    model_id INTEGER REFERENCES models (id),
    threshold REAL NOT NULL,
    review_threshold REAL NOT NULL,
    pixel_threshold REAL NOT NULL,
    min_region_area REAL NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER,
    program_version TEXT NOT NULL
) STRICT;
CREATE INDEX inspections_by_product ON inspections (product_id);
CREATE INDEX inspections_by_model ON inspections (model_id);

-- The thresholds stand with every result, because they can be moved while a batch runs.
CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection_id INTEGER NOT NULL REFERENCES inspections (id) ON DELETE CASCADE,
    image TEXT NOT NULL,
    image_hash TEXT NOT NULL,
    error TEXT NOT NULL,
    score REAL,
    verdict TEXT CHECK (verdict IN ('OK', 'Review', 'NG')),
    threshold REAL,
    review_threshold REAL,
    pixel_threshold REAL,
    min_region_area REAL,
    nearest_good INTEGER,
    load_ms REAL,
    prepare_ms REAL,
    infer_ms REAL,
    post_ms REAL,
    CHECK ((error <> '') = (verdict IS NULL))
) STRICT;
CREATE INDEX results_by_inspection ON results (inspection_id);

CREATE TABLE regions (
    result_id INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    area REAL NOT NULL,
    peak REAL NOT NULL,
    peak_x INTEGER NOT NULL,
    peak_y INTEGER NOT NULL,
    PRIMARY KEY (result_id, position)
) STRICT, WITHOUT ROWID;
