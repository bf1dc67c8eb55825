# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_UI AND LYNCEUS_TORCH)
  lynceus_test(curve_plot LINKS lynceus_ui)
  lynceus_test(image_view LINKS lynceus_ui)
  lynceus_test(image_list_model LINKS lynceus_ui)
  lynceus_test(inspect_page LINKS lynceus_ui)
endif()
