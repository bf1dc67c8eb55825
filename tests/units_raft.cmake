# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(raft_network TORCH LABELS parity LINKS lynceus_raft)
endif()
