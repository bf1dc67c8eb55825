# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(database LINKS lynceus_storage)
lynceus_test(stores LINKS lynceus_storage)
lynceus_test(storage_processes LINKS lynceus_storage)
