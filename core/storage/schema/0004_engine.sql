-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What ran the model: libtorch, openvino-int8 and so on. Empty: stored before this was known.
ALTER TABLE inspections ADD COLUMN engine TEXT NOT NULL DEFAULT '';
