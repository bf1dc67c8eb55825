// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QWidget>

#include <vector>

class QFrame;
class QLabel;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace lynceus {

class JobRunner;
struct JobStatus;
struct Progress;

/// Sets a bar to a progress; a fraction below 0 makes it run to and fro.
void showProgress(QProgressBar* bar, const Progress& progress);
/// "step 812 of 1900 · 12 min left"
QString progressText(const Progress& progress);

/// In the top bar: the oldest running task with its progress and time left, and a button that lists all tasks, each
/// with its own Cancel. Hidden while nothing runs.
class JobIndicator : public QWidget
{
    Q_OBJECT

public:
    explicit JobIndicator(JobRunner& jobs, QWidget* parent = nullptr);

    void openList();

private:
    struct Row
    {
        quint64 id = 0;
        QWidget* widget = nullptr;
        QLabel* text = nullptr;
        QProgressBar* bar = nullptr;
    };

    void refresh();
    Row makeRow(const JobStatus& status);
    void updateList(const std::vector<JobStatus>& active);

    JobRunner& m_jobs;
    QLabel* m_title;
    QLabel* m_left;
    QProgressBar* m_bar;
    QPushButton* m_button;
    QFrame* m_list;
    QVBoxLayout* m_listLayout;
    std::vector<Row> m_rows;
};

} // namespace lynceus
