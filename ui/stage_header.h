// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QWidget>

#include <vector>

class QLabel;

namespace lynceus {

/// The head of a page whose work goes in stages: its title, what it is about, and the stages with the one that counts
/// now.
class StageHeader : public QWidget
{
    Q_OBJECT

public:
    StageHeader(const QString& title, const QString& about, const QStringList& stages, QWidget* parent = nullptr);

    void setCurrent(std::size_t stage);

private:
    std::vector<QLabel*> m_stages;
};

} // namespace lynceus
