// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"

#include <QtGui/QUndoCommand>

#include <functional>

namespace lynceus {

/// One move of the thresholds, to undo.
class ThresholdCommand final : public QUndoCommand
{
public:
    ThresholdCommand(const Thresholds& before, const Thresholds& after, std::function<void(const Thresholds&)> apply)
        : m_before(before)
        , m_after(after)
        , m_apply(std::move(apply))
    {
    }

    void undo() override { m_apply(m_before); }
    void redo() override { m_apply(m_after); }

private:
    Thresholds m_before;
    Thresholds m_after;
    std::function<void(const Thresholds&)> m_apply;
};

} // namespace lynceus
