# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
if(LYNCEUS_UI AND LYNCEUS_TORCH)
  lynceus_test(theme LINKS lynceus_ui Qt6::Svg)
  lynceus_test(main_window LINKS lynceus_ui)
  lynceus_test(products LINKS lynceus_ui)
  lynceus_test(settings_page LABELS slow TIMEOUT 600 LINKS lynceus_ui)
  lynceus_test(train_page LABELS slow LINKS lynceus_ui)
  lynceus_test(runs_card LINKS lynceus_ui)
  lynceus_test(training_queue LABELS slow TIMEOUT 600 LINKS lynceus_ui)
  lynceus_test(training_window LABELS slow TIMEOUT 600 LINKS lynceus_ui)
  lynceus_test(defect_preview LINKS lynceus_ui)
  lynceus_test(test_images LINKS lynceus_ui)
endif()
