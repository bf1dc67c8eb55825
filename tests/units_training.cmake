# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(training_loop TORCH LINKS lynceus_training)
endif()
