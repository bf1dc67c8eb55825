// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/inspection_pipeline.h"

#include <QtCore/QObject>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

/// Inspects a folder for the window, on long-lived threads of its own: the image the user looks at goes first, then
/// (while running) the rest in order. New lists and models drop what the old ones still had queued; results carry the
/// generation they belong to. Lives on the main thread; signals come there.
///
/// A long background run takes a crew: inspectors that run on one thread each, which is more images a second than one
/// that spreads its layers over all threads. They are made when the run starts and go when it ends or is paused. The
/// first inspector then waits for the image in focus: it starts on it at once, with all its threads, while each of the
/// crew ends the image it has and takes no other. Each of the crew holds a model of its own, and the picture it is at.
class InspectionService : public QObject
{
    Q_OBJECT

public:
    using InspectorFactory = std::function<std::unique_ptr<AnomalyInspector>()>;

    /// `prefetchBytes`: decoded images wait for the network while they hold less memory than this; the one that it
    /// can't go on without is read in any case.
    explicit InspectionService(QObject* parent = nullptr, std::size_t prefetchBytes = kPrefetchBytes);
    ~InspectionService() override;

    /// Loads a model on the worker thread; an Error of the factory comes as modelFailed. Results so far become stale;
    /// the image in focus is inspected with the new model, a background run has to be started again. `factory` is not
    /// empty; when it gives nullptr there is no model any more.
    /// `crewFactory` makes one of the crew, which judges as the first does; called after `factory` has made that one,
    /// on the thread the inspector works on, by one thread at a time. When it throws or gives nullptr the run goes on
    /// with the first alone, and the log says why. `crew`: how many, best one for each thread; below 2 there is none.
    void setInspector(InspectorFactory factory, InspectorFactory crewFactory = {}, int crew = 0);
    /// A new list: nothing has a result, nothing is in focus, no background run.
    void setImages(std::vector<QString> paths);
    /// Images of the list that have a result from elsewhere: a background run leaves them out. focus() does not.
    void setDone(const std::vector<std::size_t>& indices);
    /// Thresholds for results from now on, instead of the model's own; until the next model.
    void setThresholds(const Thresholds& thresholds);

    /// The image on screen: inspected (again, if its map is wanted) before anything else.
    void focus(std::size_t index);
    /// Inspect everything not yet inspected, in the background; in order, but results of a crew may overtake each
    /// other. Does nothing without a model.
    void start();
    void pause(); ///< what is in work is finished and told
    bool isRunning() const;

Q_SIGNALS:
    void modelReady();
    void modelFailed(const QString& message, const QString& remedy);
    /// `withMap` results of focus() carry the map; those of the background run do not.
    void inspected(const lynceus::InspectedImage& image);
    void progressed(int done, int total, double secondsLeft); ///< of the background run; negative: not known yet
    /// Everything in the list has a result; once for each run, also when it was paused before its last image was done.
    void finished();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus

Q_DECLARE_METATYPE(lynceus::InspectedImage)
