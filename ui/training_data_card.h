// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/folder_doctor.h"
#include "ui/card.h"

#include <optional>

class QLabel;
class QPushButton;

namespace lynceus {

class FindingList;
class JobRunner;

/// Step 1 of a training: the folder, what is in it, and what the folder doctor says about it.
class TrainingDataCard : public Card
{
    Q_OBJECT

public:
    explicit TrainingDataCard(JobRunner& jobs, QWidget* parent = nullptr);

    void setFolder(const QString& folder); ///< has it examined
    const QString& folder() const { return m_folder; }
    /// Nothing while the doctor is at work.
    const std::optional<FolderReport>& report() const { return m_report; }
    bool isIdle() const { return m_job == 0; }
    /// How many good images a training leaves out, and whether somebody is looking for more of them.
    void setLeftOut(int images, bool isLooking);
    /// Good images to learn from; 0 without a report.
    int images() const { return m_report ? m_report->trainGood - m_leftOut : 0; }

Q_SIGNALS:
    void changed();  ///< another folder, or the doctor has finished
    void examined(); ///< there is a report
    void oddImagesRequested();

private:
    void showState();
    void showCounts();

    JobRunner& m_jobs;
    quint64 m_job = 0;
    int m_leftOut = 0;
    bool m_isLooking = false;
    QString m_folder;
    std::optional<FolderReport> m_report;
    QLabel* m_name;
    QLabel* m_counts;
    QPushButton* m_choose;
    QPushButton* m_findOdd;
    FindingList* m_findings;
};

} // namespace lynceus
