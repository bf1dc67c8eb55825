// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QWidget>

class QLabel;

namespace lynceus {

/// What the Inspect page shows while it has no images: what to do next, with the buttons for it.
class StartHint : public QWidget
{
    Q_OBJECT

public:
    explicit StartHint(QWidget* parent = nullptr);

    /// Says why there is nothing to see ("… has no images"); empty: the welcome.
    void setReason(const QString& reason);

Q_SIGNALS:
    void folderRequested();
    void demoRequested();

private:
    QLabel* m_reason;
};

} // namespace lynceus
