# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(batch_norm TORCH LINKS lynceus_nn)
  lynceus_test(resnet TORCH LABELS parity LINKS lynceus_nn)
  lynceus_test(state_dict TORCH LINKS lynceus_nn)
  lynceus_test(tensor_image TORCH LINKS lynceus_nn)
  lynceus_test(losses TORCH LABELS parity LINKS lynceus_nn)
  lynceus_test(schedule TORCH LABELS parity LINKS lynceus_nn)
  lynceus_test(graph_translator TORCH LINKS lynceus_nn)
  lynceus_test(openvino_network TORCH LINKS lynceus_nn)
  lynceus_test(engine_bench LINKS lynceus_nn)
  lynceus_test(half TORCH LINKS lynceus_nn)
  lynceus_test(device TORCH LINKS lynceus_nn)
  # Its stand-in for OpenBLAS must be found by name at run time.
  set_target_properties(tst_device PROPERTIES ENABLE_EXPORTS ON)
endif()
