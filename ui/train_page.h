// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/services.h"

#include <QtWidgets/QWidget>

#include <functional>
#include <memory>

namespace lynceus {

/// Launches MemSeg trainings on folders: data with the folder doctor's findings, options, a preview of the simulated
/// defects, progress with curves and heat maps, result with figures on real test images.
class TrainPage : public QWidget
{
    Q_OBJECT

public:
    explicit TrainPage(const Services& services, QWidget* parent = nullptr);
    ~TrainPage() override;

    void setFolder(const QString& folder);
    /// Takes the folder when none was chosen yet and there is one.
    void suggestFolder(const QString& folder);
    bool isIdle() const; ///< all but trainings is done
    bool isTraining() const;
    void keepTraining();        ///< when the training at work is cancelled, it can be continued at the next start
    void refreshEncoders();     ///< after an import
    void continueInterrupted(); ///< takes up all runs that were interrupted, in their order
    void showResults(const QString& run); ///< by its name
    void resetLayout();

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);
    void useModelRequested(const QString& modelFile, const QString& folder); ///< "Use for product"
    /// One of the images that a model judges worst.
    void imageRequested(const QString& modelFile, const QString& folder, const QString& image);
    /// The threshold of a model file is another one now.
    void thresholdSaved(const QString& modelFile);
    void undoOffered(const QString& message, const QString& detail, const std::function<void()>& undo);
    void openRequested(const QString& image); ///< a good image that is to be inspected by itself
    /// At the start: there are runs that continueInterrupted() would take up; the message says so, the detail names
    /// them.
    void interruptedFound(const QString& message, const QString& detail);
    /// A training ended by itself, well or not; the message names the run.
    void trainingOver(bool well, const QString& message, const QString& detail, const QString& run);

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
