-- SPDX-FileCopyrightText: 2026 The Lynceus authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Why a part could not be judged, and is NG therefore: no part was found, or more than one. Empty: it was judged.
ALTER TABLE results ADD COLUMN problem TEXT NOT NULL DEFAULT '';
