// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/image_list_model.h"

#include <QtWidgets/QWidget>

#include <memory>

namespace lynceus {

/// What is known about the image on screen: verdict, score against the threshold, regions, truth, times.
class VerdictPanel : public QWidget
{
    Q_OBJECT

public:
    explicit VerdictPanel(QWidget* parent = nullptr);
    ~VerdictPanel() override;

    /// Null: nothing selected.
    void setItem(const ImageItem* item);
    void setThresholds(const Thresholds& thresholds);
    /// Without a model: a hint and the way to one. `loading`: it is on its way.
    void setModelState(bool haveModel, bool loading);
    QString word() const; ///< the verdict shown

Q_SIGNALS:
    void regionActivated(const QRect& box);
    void trainRequested();
    void modelRequested();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
