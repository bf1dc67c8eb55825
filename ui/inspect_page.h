// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/services.h"

#include <QtWidgets/QWidget>

#include <memory>

namespace lynceus {

/// The start page: a folder's images with verdicts, the image with its heat map, regions, and the score histogram with
/// the threshold.
class InspectPage : public QWidget
{
    Q_OBJECT

public:
    explicit InspectPage(const Services& services, QWidget* parent = nullptr);
    ~InspectPage() override;

    void openFolder(const QString& folder);
    void openImages(const QStringList& files);
    void useModel(const QString& modelFile);
    /// F5: inspects everything in the background.
    void inspectAll();
    /// Nothing queued or running, and what is on screen is final; `--screenshot` and tests wait for it.
    bool isIdle() const;

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);
    void statusChanged(const QString& text);  ///< path, pixel read-out, zoom for the status bar
    void modelChanged(const QString& modelFile);
    void folderChanged(const QString& folder);
    void trainRequested(const QString& folder); ///< "Train a model for this folder"

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
