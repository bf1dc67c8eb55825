// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/image/anomaly_result.h"

#include <QtCore/QString>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

/// One image that went through the pipeline.
struct InspectedImage
{
    std::size_t index = 0; ///< position in the list given
    QString path;
    QString error;         ///< not empty: could not be judged (message and remedy)
    AnomalyResult result;
};

/// Inspects `paths` in order with one inspector: reading and decoding of the next images (at most `ahead`) overlaps the
/// network, so memory does not grow with their number. An unreadable image becomes a result with an error and the
/// batch goes on. `done` is called in order, on the calling thread. Throws Cancelled after finishing the current image.
void inspectImages(const std::vector<QString>& paths, AnomalyInspector& inspector,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context = {}, int ahead = 3);

} // namespace lynceus
