// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/run_recorder.h"

#include "core/base/error.h"
#include "core/base/log.h"

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr double kFlushMs = 2000.0;
constexpr double kRetryMs = 20'000.0;
/// Of each kind; enough to look at, and below a few MB a run.
constexpr std::size_t kPicturesKept = 8;

QByteArray pngOf(const cv::Mat& picture)
{
    std::vector<uchar> bytes;
    if (!cv::imencode(".png", picture, bytes))
        throw Error(ErrorKind::Internal, u"a picture could not be encoded as PNG"_s);
    return QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size()));
}

} // namespace

RunRecorder::RunRecorder(const Database& database, qint64 runId, TrainingObserver next)
    : m_runs(database)
    , m_runId(runId)
    , m_next(std::move(next))
{
}

TrainingObserver RunRecorder::observer()
{
    TrainingObserver observer;
    observer.metric = [this](const QString& name, int step, double value) { addMetric(name, step, value); };
    observer.samples = [this](const std::vector<cv::Mat>& pictures) { addDefects(pictures); };
    observer.maps = [this](const std::vector<cv::Mat>& pictures) { setMaps(pictures); };
    observer.event = [this](const QString& kind, const QString& detail) { addEvent(kind, detail); };
    return observer;
}

void RunRecorder::flush()
{
    m_sinceFlush.restart();
    if (!m_points.empty())
        m_runs.addMetrics(m_runId, m_points);
    m_points.clear();
    while (!m_events.empty()) {
        const Event& event = m_events.front();
        if (event.kind == u"checkpoint")
            m_runs.setEvent(m_runId, event.kind, event.detail);
        else
            m_runs.addEvent(m_runId, event.kind, event.detail);
        m_events.erase(m_events.begin());
    }
}

/// False when it did not work out; each try may wait for the database, so the next one comes after a while.
bool RunRecorder::write(const std::function<void()>& statements)
{
    if (m_failed && m_sinceFailure.ms() < kRetryMs)
        return false;
    try {
        statements();
        m_failed = false;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Storage)
            throw;
        m_failed = true;
        m_sinceFailure.restart();
        qCWarning(logTraining).noquote() << "Run" << m_runId << "could not be recorded:" << error.text();
    }
    return !m_failed;
}

void RunRecorder::addMetric(const QString& name, int step, double value)
{
    m_step = step;
    m_points.push_back({name, step, value});
    if (m_sinceFlush.ms() > kFlushMs)
        write([this] { flush(); });
    if (m_next.metric)
        m_next.metric(name, step, value);
}

void RunRecorder::addDefects(const std::vector<cv::Mat>& pictures)
{
    const std::size_t before = m_defects.size();
    for (std::size_t i = 0; i < pictures.size() && m_defects.size() < kPicturesKept; ++i)
        m_defects.push_back(pngOf(pictures[i]));
    if (m_defects.size() > before)
        write([this] { m_runs.setSamples(m_runId, u"defects"_s, m_step, m_defects); });
    if (m_next.samples)
        m_next.samples(pictures);
}

void RunRecorder::setMaps(const std::vector<cv::Mat>& pictures)
{
    std::vector<QByteArray> pngs;
    for (std::size_t i = 0; i < std::min(pictures.size(), kPicturesKept); ++i)
        pngs.push_back(pngOf(pictures[i]));
    write([&] { m_runs.setSamples(m_runId, u"maps"_s, m_step, pngs); });
    if (m_next.maps)
        m_next.maps(pictures);
}

void RunRecorder::addEvent(const QString& kind, const QString& detail)
{
    m_events.push_back({kind, detail});
    // With the points: a training that goes on from a checkpoint does not tell those before it again.
    write([this] { flush(); });
    if (m_next.event)
        m_next.event(kind, detail);
}

} // namespace lynceus
