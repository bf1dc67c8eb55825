// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/inspection_pipeline.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/jobs/bounded_queue.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>

#include <algorithm>
#include <thread>

namespace lynceus {

LoadedImage loadImage(const QString& path, bool withHash)
{
    LoadedImage loaded;
    QByteArray file;
    const Stopwatch watch;
    try {
        file = readImageFile(path);
        loaded.image = decodeImage(file, path);
    } catch (...) {
        loaded.error = currentError(QCoreApplication::translate("core", "reading %1").arg(path)).text();
    }
    loaded.ms = watch.ms();
    if (withHash && loaded.error.isEmpty())
        loaded.hash = QString::fromLatin1(QCryptographicHash::hash(file, QCryptographicHash::Sha256).toHex());
    return loaded;
}

InspectedImage inspectLoaded(std::size_t index, const QString& path, LoadedImage&& loaded, AnomalyInspector& inspector)
{
    InspectedImage inspected;
    inspected.index = index;
    inspected.path = path;
    inspected.error = loaded.error;
    if (inspected.error.isEmpty()) {
        try {
            inspected.result = inspector.inspect(loaded.image);
        } catch (...) {
            inspected.error = currentError(QCoreApplication::translate("core", "inspecting %1").arg(path)).text();
        }
    }
    inspected.result.times.load = loaded.ms;
    inspected.hash = std::move(loaded.hash);
    inspected.image = std::move(loaded.image);
    return inspected;
}

void inspectImages(const std::vector<QString>& paths, AnomalyInspector& inspector,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context, int ahead)
{
    BoundedQueue<LoadedImage> queue(std::size_t(std::max(ahead, 1)), kPrefetchBytes);
    std::thread loader([&] {
        for (const QString& path : paths) {
            LoadedImage loaded = loadImage(path);
            const std::size_t bytes = loaded.bytes();
            if (!queue.push(std::move(loaded), bytes))
                return;
        }
    });
    struct Join
    {
        BoundedQueue<LoadedImage>& queue;
        std::thread& loader;
        ~Join()
        {
            queue.close();
            loader.join();
        }
    } join{queue, loader};

    TimeLeft timeLeft;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        context.cancel.throwIfCancelled();
        std::optional<LoadedImage> loaded = queue.pop();
        done(inspectLoaded(i, paths[i], std::move(*loaded), inspector));
        const double fraction = double(i + 1) / double(paths.size());
        context.report(fraction, QCoreApplication::translate("core", "image %1 of %2").arg(i + 1).arg(paths.size()),
                       timeLeft.update(fraction));
    }
}

} // namespace lynceus
