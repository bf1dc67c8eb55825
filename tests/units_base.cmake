# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(base LINKS lynceus_base)
lynceus_test(layering)
