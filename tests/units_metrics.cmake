# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(roc LINKS lynceus_metrics)
lynceus_test(pro LINKS lynceus_metrics)
lynceus_test(calibration LINKS lynceus_metrics)
lynceus_test(metrics_oracle LABELS parity LINKS lynceus_metrics lynceus_weights)
