# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(engines TORCH LINKS lynceus_engines lynceus_u2net lynceus_raft)
endif()
