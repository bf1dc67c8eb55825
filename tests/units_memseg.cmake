# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(memseg_options LINKS lynceus_memseg)
  lynceus_test(memseg_network TORCH LABELS parity LINKS lynceus_memseg)
  lynceus_test(memseg_memory TORCH LABELS parity LINKS lynceus_memseg)
  lynceus_test(memseg_session TORCH LINKS lynceus_memseg)
  lynceus_test(memseg_engines TORCH LINKS lynceus_memseg)
  lynceus_test(parity_gate TORCH LINKS lynceus_memseg lynceus_data)
  lynceus_test(without_openvino TORCH SOURCES ${PROJECT_SOURCE_DIR}/core/nn/openvino_network_none.cpp
               LINKS lynceus_memseg lynceus_data lynceus_u2net lynceus_raft)
  lynceus_test(nearest_good TORCH LINKS lynceus_memseg)
  lynceus_test(training_windows TORCH LINKS lynceus_memseg)
  lynceus_test(encoder TORCH LINKS lynceus_encoder)
  lynceus_test(defect_simulator LINKS lynceus_memseg)
  lynceus_test(demo_model LINKS lynceus_memseg lynceus_data)
  lynceus_test(training_advice LINKS lynceus_memseg)
  lynceus_test(memseg_trainer TORCH LABELS slow TIMEOUT 900 LINKS lynceus_memseg)
endif()
