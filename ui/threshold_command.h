// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtGui/QUndoCommand>

#include <functional>

namespace lynceus {

/// One move of the threshold, to undo.
class ThresholdCommand final : public QUndoCommand
{
public:
    ThresholdCommand(double before, double after, std::function<void(double)> apply)
        : m_before(before)
        , m_after(after)
        , m_apply(std::move(apply))
    {
    }

    void undo() override { m_apply(m_before); }
    void redo() override { m_apply(m_after); }

private:
    double m_before;
    double m_after;
    std::function<void(double)> m_apply;
};

} // namespace lynceus
