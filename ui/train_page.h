// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/services.h"

#include <QtWidgets/QWidget>

#include <memory>

namespace lynceus {

/// Launches MemSeg training on a folder: data with the folder doctor's findings, options, progress with curves, result.
class TrainPage : public QWidget
{
    Q_OBJECT

public:
    explicit TrainPage(const Services& services, QWidget* parent = nullptr);
    ~TrainPage() override;

    void setFolder(const QString& folder);
    bool isIdle() const;    ///< the doctor is not at work (a running training does not count)
    void refreshEncoders(); ///< after an import
    void resetLayout();

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);
    void useModelRequested(const QString& modelFile, const QString& folder); ///< "Use in Inspect"

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
