// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/image_list_model.h"

#include <QtWidgets/QWidget>

#include <memory>

namespace lynceus {

/// The histogram of scores with the threshold to drag, what it costs in escapes and overkill, and what to do with it.
class ThresholdPanel : public QWidget
{
    Q_OBJECT

public:
    explicit ThresholdPanel(QWidget* parent = nullptr);
    ~ThresholdPanel() override;

    void setThresholds(const Thresholds& thresholds);
    bool regionsFollow() const; ///< the pixel limit moves with the threshold
    void setCounts(const ImageListModel::Counts& counts);
    void setScores(const std::vector<ImageItem>& items);
    /// `changed`: differs from what the model file says.
    void setState(bool haveModel, bool changed);

Q_SIGNALS:
    void thresholdMoved(double threshold);    ///< while dragging
    void thresholdReleased(double threshold); ///< the move is over: one step to undo
    void thresholdStepped(double threshold);  ///< entered; several in a row are one step to undo
    void pixelLimitChanged(double limit);     ///< by hand, one step to undo
    void regionsFollowChanged(bool follow);
    void saveRequested();
    void resetRequested();
    void errorOccurred(const QString& message, const QString& remedy);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
