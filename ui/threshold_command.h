// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"

#include <QtCore/QElapsedTimer>
#include <QtGui/QUndoCommand>

#include <functional>

namespace lynceus {

/// One move of the thresholds, to undo. Steps that follow each other closely are one move.
class ThresholdCommand final : public QUndoCommand
{
public:
    ThresholdCommand(const Thresholds& before, const Thresholds& after, bool isStep,
                     std::function<void(const Thresholds&)> apply)
        : m_before(before)
        , m_after(after)
        , m_isStep(isStep)
        , m_apply(std::move(apply))
    {
        m_age.start();
    }

    int id() const override { return m_isStep ? 1 : -1; }
    bool mergeWith(const QUndoCommand* next) override
    {
        constexpr qint64 kCloselyMs = 1000;
        if (m_age.elapsed() > kCloselyMs)
            return false;
        m_after = static_cast<const ThresholdCommand*>(next)->m_after;
        m_age.restart();
        return true;
    }

    void undo() override { m_apply(m_before); }
    void redo() override { m_apply(m_after); }

private:
    Thresholds m_before;
    Thresholds m_after;
    bool m_isStep;
    QElapsedTimer m_age; ///< since the last step
    std::function<void(const Thresholds&)> m_apply;
};

} // namespace lynceus
