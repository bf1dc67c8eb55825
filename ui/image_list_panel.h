// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/image_list_model.h"

#include <QtWidgets/QWidget>

#include <memory>

class QListView;

namespace lynceus {

class ImageListFilter;

/// The left side of the Inspect page: filter, order, counts, the list itself, and the background run.
class ImageListPanel : public QWidget
{
    Q_OBJECT

public:
    explicit ImageListPanel(ImageListModel* model, QWidget* parent = nullptr);
    ~ImageListPanel() override;

    int currentRow() const; ///< row of the model; -1: none
    void setCurrentRow(int row);
    void selectFirst();
    void step(int rows); ///< in the order shown, stops at the ends
    void stepPage(int pages);
    void goToEnd(bool last);
    /// The next NG below the current row, or from the top.
    void nextNg();
    /// Rows around the current one in the order shown, current first.
    std::vector<int> neighbours() const;

    void setCounts(const ImageListModel::Counts& counts);
    /// Images of the folder that the list does not hold: the number, and which and why; 0: none.
    void setLeftOut(qsizetype images, const QString& why);
    void setRun(bool running, bool possible, bool isPaused = false);
    void setProgress(int done, int total, double secondsLeft);

    QListView* view() const;
    ImageListFilter* filter() const;

Q_SIGNALS:
    void currentRowChanged(int row);
    void runRequested();
    void pauseRequested();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
