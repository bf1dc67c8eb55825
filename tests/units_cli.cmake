# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_TORCH)
  lynceus_test(app_context LINKS lynceus_app)
  lynceus_test(cli TIMEOUT 600 LINKS lynceus_data lynceus_weights lynceus_storage lynceus_nn)
  add_dependencies(tst_cli lynceus-cli)
  target_compile_definitions(tst_cli PRIVATE LYNCEUS_CLI="$<TARGET_FILE:lynceus-cli>")
  if(OpenVINO_FOUND)
    target_compile_definitions(tst_cli PRIVATE LYNCEUS_OPENVINO_LIBRARY="$<TARGET_FILE:openvino::runtime>")
  endif()
endif()
