// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/inspection_pipeline.h"

#include <QtCore/QObject>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

/// Inspects a folder for the window, on long-lived threads of its own: the image the user looks at goes first, then its
/// neighbours, then (while running) the rest in order. New lists and models drop what the old ones still had queued;
/// results carry the generation they belong to. Lives on the main thread; signals come there.
class InspectionService : public QObject
{
    Q_OBJECT

public:
    using InspectorFactory = std::function<std::unique_ptr<AnomalyInspector>()>;

    explicit InspectionService(QObject* parent = nullptr);
    ~InspectionService() override;

    /// Loads a model on the worker thread; an Error of the factory comes as modelFailed. Results so far become stale;
    /// the image in focus is inspected with the new model, a background run has to be started again. `factory` is not
    /// empty; when it gives nullptr there is no model any more.
    void setInspector(InspectorFactory factory);
    /// A new list: nothing has a result, nothing is in focus, no background run.
    void setImages(std::vector<QString> paths);
    /// Thresholds for results from now on, instead of the model's own; until the next model.
    void setThresholds(const Thresholds& thresholds);

    /// The image on screen: inspected (again, if its map is wanted) before anything else.
    void focus(std::size_t index);
    /// Inspect everything not yet inspected, in the background. Does nothing without a model.
    void start();
    void pause();
    bool isRunning() const;

Q_SIGNALS:
    void modelReady();
    void modelFailed(const QString& message, const QString& remedy);
    /// `withMap` results of focus() carry the map; those of the background run do not.
    void inspected(const lynceus::InspectedImage& image);
    void progressed(int done, int total, double secondsLeft); ///< of the background run; negative: not known yet
    void finished(); ///< of the background run: everything in the list has a result

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus

Q_DECLARE_METATYPE(lynceus::InspectedImage)
