-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What finding the part and turning it upright took. 0: the model takes parts as they lie, or this was not known.
ALTER TABLE results ADD COLUMN align_ms REAL NOT NULL DEFAULT 0;
