# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(anomaly_result LINKS lynceus_image)
lynceus_test(color_map LINKS lynceus_image)
lynceus_test(image_io LINKS lynceus_image)
lynceus_test(input_size LINKS lynceus_image)
lynceus_test(part_aligner LINKS lynceus_image lynceus_data)
lynceus_test(preprocessing LINKS lynceus_image)
lynceus_test(regions LINKS lynceus_image)
