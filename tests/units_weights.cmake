# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(safetensors LINKS lynceus_weights)
lynceus_test(model_file LINKS lynceus_weights)
lynceus_test(model_store LINKS lynceus_weights)
