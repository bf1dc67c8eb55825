// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/folder_doctor.h"

#include <QtWidgets/QScrollArea>

class QVBoxLayout;

namespace lynceus {

/// What the folder doctor found, most severe first: what, and what to do about it, with the severity as bar and icon.
class FindingList : public QScrollArea
{
    Q_OBJECT

public:
    explicit FindingList(QWidget* parent = nullptr);

    void setFindings(const std::vector<Finding>& findings);
    void clear();

private:
    void addRow(Finding::Severity severity, const QString& message, const QString& remedy, const QStringList& files);

    QVBoxLayout* m_layout;
};

} // namespace lynceus
