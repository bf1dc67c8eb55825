// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_product.h"

#include "core/base/error.h"
#include "core/data/demo_flaws.h"
#include "core/image/image_io.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kSmallest = 256;
constexpr int kLargest = 1024;
constexpr int kMostImages = 100'000;
/// Grey values by which a pixel must change to belong to a defect, and a whole defect on average to be seen.
constexpr double kChanged = 3.0;
constexpr double kVisible = 9.0;
/// Smallest defect, as a share of the picture.
constexpr double kSmallestArea = 0.0005;
constexpr int kAttempts = 40;

/// Where two pictures of one part differ: the defect's exact mask. `contrast` becomes the mean difference inside.
cv::Mat changedPixels(const cv::Mat& good, const cv::Mat& bad, double& contrast)
{
    cv::Mat difference;
    cv::absdiff(good, bad, difference);
    cv::Mat strongest(good.size(), CV_32F);
    std::transform(difference.begin<cv::Vec3f>(), difference.end<cv::Vec3f>(), strongest.begin<float>(),
                   [](const cv::Vec3f& pixel) {
                       return std::max({pixel[0], pixel[1], pixel[2]});
                   });
    cv::Mat mask = strongest >= kChanged;
    // Opposite slopes meet in a line without a difference, which belongs to the defect; lone pixels do not.
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(5, 5)));
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_CROSS, cv::Size(3, 3)));
    contrast = cv::mean(strongest, mask)[0];
    return mask;
}

/// "007.png", "007_mask.png".
QString fileName(int number, const QString& ending)
{
    return QString::number(number).rightJustified(3, u'0') + ending;
}

/// Writes images one after another, each a part of its own.
class Writer
{
public:
    Writer(const QString& folder, const DemoOptions& options, const TaskContext& context)
        : m_root(folder)
        , m_options(options)
        , m_context(context)
        , m_total(options.trainGood + options.testGood + options.testDefective)
    {
    }

    void write(const QString& part, int number, const QString& defect = {})
    {
        m_context.cancel.throwIfCancelled();
        const double done = double(m_done) / m_total;
        m_context.report(done, QCoreApplication::translate("core", "image %1 of %2").arg(m_done + 1).arg(m_total),
                         m_timeLeft.update(done));
        const DemoImage image = renderDemoPart(m_options, std::uint64_t(m_done), defect);
        ++m_done;
        writePng(folder(part) + u'/' + fileName(number, u".png"_s), image.image);
        if (!defect.isEmpty())
            writePng(folder(u"ground_truth/"_s + defect) + u'/' + fileName(number, u"_mask.png"_s), image.mask);
    }

private:
    QString folder(const QString& part) const
    {
        const QString path = m_root + u'/' + part;
        if (!QDir().mkpath(path)) {
            throw Error(
                ErrorKind::File,
                QCoreApplication::translate("core", "The folder %1 can't be made.").arg(QDir::toNativeSeparators(path)),
                QCoreApplication::translate("core", "Choose a folder that you may write to."));
        }
        return path;
    }

    QString m_root;
    const DemoOptions& m_options;
    const TaskContext& m_context;
    int m_total;
    int m_done = 0;
    TimeLeft m_timeLeft;
};

} // namespace

void DemoOptions::validate() const
{
    const auto check = [](const QString& name, int value, int low, int high) {
        if (value < low || value > high) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "The demo product's %1 is %2; it must be from %3 to %4.")
                            .arg(name, QString::number(value), QString::number(low), QString::number(high)));
        }
    };
    check(u"size"_s, size, kSmallest, kLargest);
    check(u"trainGood"_s, trainGood, 0, kMostImages);
    check(u"testGood"_s, testGood, 0, kMostImages);
    check(u"testDefective"_s, testDefective, 0, kMostImages);
}

const QStringList& demoDefectKinds(DemoShape shape)
{
    return demoFlawKinds(shape);
}

DemoShape demoShapeFromName(const QString& name)
{
    if (name == u"flange")
        return DemoShape::Flange;
    if (name == u"bracket")
        return DemoShape::Bracket;
    throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is no demo part \"%1\".").arg(name),
                QCoreApplication::translate("core", "There are flange and bracket."));
}

DemoPose demoPoseFromName(const QString& name)
{
    if (name == u"fixed")
        return DemoPose::Fixed;
    if (name == u"free")
        return DemoPose::Free;
    throw Error(ErrorKind::Input, QCoreApplication::translate("core", "\"%1\" is no pose of a demo part.").arg(name),
                QCoreApplication::translate("core", "The poses are fixed and free."));
}

DemoImage renderDemoPart(const DemoOptions& options, std::uint64_t index, const QString& defect)
{
    options.validate();
    const QStringList& kinds = demoDefectKinds(options.shape);
    const auto kind = kinds.indexOf(defect);
    if (!defect.isEmpty() && kind < 0) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The demo product has no defect \"%1\".").arg(defect),
                    QCoreApplication::translate("core", "It has: %1.").arg(kinds.join(u", "_s)));
    }
    const Random random = Random(options.seed).fork(index);
    const DemoPart part(options.size, random, options.shape, options.pose);
    cv::Mat picture = part.render({0, 0, options.size, options.size}, nullptr);
    cv::Mat mask = cv::Mat::zeros(picture.size(), CV_8U);
    if (!defect.isEmpty()) {
        Random draw = random.fork(100 + std::uint64_t(kind));
        const double smallest = kSmallestArea * std::pow(options.size * part.scale(), 2.0);
        // A random defect may fall where the light hides it; such a one is drawn again.
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            const DemoFlaw flaw = makeDemoFlaw(defect, options.shape, draw);
            const cv::Rect area = part.areaOf(flaw);
            const cv::Mat bad = part.render(area, &flaw);
            double contrast = 0.0;
            const cv::Mat changed = changedPixels(picture(area), bad, contrast);
            const bool isVisible = cv::countNonZero(changed) >= smallest && contrast >= kVisible;
            if (!isVisible && attempt + 1 < kAttempts)
                continue;
            bad.copyTo(picture(area), changed);
            changed.copyTo(mask(area));
            break;
        }
    }
    return {part.expose(picture), mask, part.angle() * 180.0 / CV_PI, part.centre()};
}

void writeDemoProduct(const QString& folder, const DemoOptions& options, const TaskContext& context)
{
    options.validate();
    Writer writer(folder, options, context);
    for (int i = 0; i < options.trainGood; ++i)
        writer.write(u"train/good"_s, i);
    for (int i = 0; i < options.testGood; ++i)
        writer.write(u"test/good"_s, i);
    const QStringList& kinds = demoDefectKinds(options.shape);
    const int count = int(kinds.size());
    for (int i = 0; i < options.testDefective; ++i) {
        const QString& kind = kinds.at(i % count);
        writer.write(u"test/"_s + kind, i / count, kind);
    }
    context.report(1.0, QString());
}

} // namespace lynceus
