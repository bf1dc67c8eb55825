# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(anomaly_folder LINKS lynceus_data)
lynceus_test(demo_product LINKS lynceus_data)
lynceus_test(folder_doctor LINKS lynceus_data)
