// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/demo_flaws.h"
#include "core/data/demo_part.h"
#include "core/image/image_io.h"
#include "core/memseg/model.h"
#include "core/memseg/session.h"
#include "core/memseg/tiles.h"
#include "core/memseg/trainer.h"
#include "core/memseg/training_setup.h"
#include "core/nn/device.h"
#include "core/nn/torch.h"

#include <QtCore/QDir>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

const QString kEncoder = u"" LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors"_s;
const cv::Rect kFrame(0, 200, 1600, 1200); ///< of a square picture

struct Picture
{
    cv::Mat image;
    cv::Rect flaw; ///< empty on a good part
};

/// A demo part in a large picture. A flaw's change spans about `span` pixels: one of the demo's, drawn that small.
Picture drawPart(std::uint64_t number, const QString& kind = {}, double span = 0.0)
{
    const Random random = Random(7).fork(number);
    const DemoPart part(kFrame.width, random, DemoShape::Flange, DemoPose::Fixed);
    cv::Mat picture = part.render({0, 0, kFrame.width, kFrame.width}, nullptr);
    cv::Rect box;
    Random draw = random.fork(1);
    while (!kind.isEmpty() && box.empty()) {
        const DemoFlaw large = makeDemoFlaw(kind, DemoShape::Flange, draw);
        double shrink = span / (2.0 * large.radius * part.scale() * kFrame.width);
        for (int attempt = 0; attempt < 6 && box.empty(); ++attempt) {
            DemoFlaw flaw = large;
            flaw.radius = large.radius * shrink * 1.5;
            flaw.apply = [large, shrink](const cv::Point2d& at, DemoSurface& surface) {
                large.apply(large.centre + (at - large.centre) * (1.0 / shrink), surface);
            };
            const cv::Rect area = part.areaOf(flaw);
            const cv::Mat changed = part.render(area, &flaw);
            cv::Mat difference;
            cv::absdiff(picture(area), changed, difference);
            cv::Mat strongest;
            cv::transform(difference, strongest, cv::Matx13f(1.0F / 3.0F, 1.0F / 3.0F, 1.0F / 3.0F));
            const cv::Mat seen = strongest >= 6.0;
            const cv::Rect found = cv::boundingRect(seen);
            const int side = std::max(found.width, found.height);
            if (std::abs(side - span) <= 1.5 && cv::mean(strongest, seen)[0] >= 22.0) {
                changed.copyTo(picture(area));
                box = found + area.tl();
            }
            shrink *= side > 0 ? span / side : 1.5;
        }
    }
    return {part.expose(picture)(kFrame).clone(), box.empty() ? box : box - kFrame.tl()};
}

/// What a model makes of test pictures.
struct Outcome
{
    ModelInfo info;
    int found = 0;  ///< flaws in a region of an NG picture
    int missed = 0; ///< pictures with a flaw that are not NG
    int rejected = 0;
};

} // namespace

class TestSmallDefects : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void namedOnesAreFound();
    void largeSensorsAreBounded();

private:
    QString pathOf(const QString& name) const { return m_folder.filePath(u"größe/"_s + name); }
    Outcome train(const QString& smallestDefect) const;

    QTemporaryDir m_folder;
    AnomalyFolder m_images;
    std::vector<Picture> m_tests;
};

void TestSmallDefects::initTestCase()
{
    QVERIFY(QDir().mkpath(pathOf(u"train/good"_s)));
    for (int i = 0; i < 16; ++i)
        writePng(pathOf(u"train/good/%1.png"_s.arg(i)), drawPart(std::uint64_t(i)).image);
    m_images = AnomalyFolder::open(m_folder.filePath(u"größe"_s), AnomalyFolder::Purpose::Training);
    QCOMPARE(m_images.train.size(), 16U);
    for (int i = 0; i < 12; ++i)
        m_tests.push_back(drawPart(100 + std::uint64_t(i),
                                   i < 4        ? QString()
                                   : i % 2 == 0 ? u"stain"_s
                                                : u"dent"_s,
                                   11.0));
}

Outcome TestSmallDefects::train(const QString& smallestDefect) const
{
    MemSegOptions options;
    options.decoder = u"none"_s;
    options.align = u"off"_s;
    options.smallestDefect = smallestDefect;
    const TrainingOutcome trained = trainMemSeg(m_images, options, kEncoder, pathOf(u"modell.safetensors"_s));
    const auto session = MemSegSession::load(trained.modelFile);
    Outcome outcome;
    outcome.info = trained.info;
    for (const Picture& test : m_tests) {
        const AnomalyResult result = session->inspect(test.image);
        const bool isNg = result.verdict == Verdict::Ng;
        if (test.flaw.empty()) {
            outcome.rejected += isNg ? 1 : 0;
            continue;
        }
        outcome.missed += isNg ? 0 : 1;
        for (const Region& region : result.regions) {
            if (!(region.box & test.flaw).empty()) {
                ++outcome.found;
                break;
            }
        }
    }
    return outcome;
}

void TestSmallDefects::namedOnesAreFound()
{
    const auto choices = [](const Outcome& outcome) {
        return QJsonDocument(outcome.info.calibration[u"choices"_s].toArray()).toJson();
    };
    const Outcome unsaid = train({});
    QCOMPARE(cv::Size(unsaid.info.preprocessing.width, unsaid.info.preprocessing.height), cv::Size(448, 320));
    QVERIFY2(unsaid.missed >= 4, QByteArray::number(unsaid.missed));
    QVERIFY2(choices(unsaid).contains("448 x 320 of 1600 x 1200 pixels"), choices(unsaid));
    QVERIFY2(choices(unsaid).contains("may pass"), choices(unsaid));

    const Outcome named = train(u"10 px"_s);
    const cv::Size input(named.info.preprocessing.width, named.info.preprocessing.height);
    QVERIFY2(!Tiling(input).isWhole(), "this is to show that pictures in tiles are judged");
    QVERIFY2(choices(named).contains("defects of 10 px can be seen"), choices(named));
    QVERIFY2(named.found >= 7, QByteArray::number(named.found));
    QVERIFY2(named.missed <= 1, QByteArray::number(named.missed));
    QVERIFY2(named.rejected <= 1, QByteArray::number(named.rejected));
}

void TestSmallDefects::largeSensorsAreBounded()
{
    cv::Mat picture(8192, 8192, CV_8UC1);
    for (int y = 0; y < picture.rows; ++y)
        picture.row(y).setTo(cv::Scalar(60 + y / 64));
    const QString file = pathOf(u"64mp.png"_s);
    writePng(file, picture);
    MemSegOptions options;
    options.decoder = u"none"_s;
    options.memoryImages = 1;
    options.smallestDefect = u"8 px"_s;
    const InputFit fit = fitInput(options, {{file, u"64mp.png"_s, {}, Truth::Good, {}}}, {});
    QVERIFY2(double(fit.sight.input.area()) <= 1.03 * kMostInputPixels, "rounded to multiples of 32");
    QVERIFY2(fit.texts.join(u' ').contains(u"too small"_s), qPrintable(fit.texts.join(u' ')));

    const QString modelFile = pathOf(u"groß.safetensors"_s);
    saveMemSegModel(modelFile, untrainedMemSegModel(options));
    const auto session = MemSegSession::load(modelFile);
    resetPeakMemory();
    const double before = peakMemoryMb();
    const AnomalyResult result = session->inspect(picture);
    const double more = peakMemoryMb() - before;
    QCOMPARE(result.map.size(), fit.sight.input);
    QVERIFY2(more < 1000.0, QByteArray::number(more)); // seen whole, the encoder alone takes 2 GiB
}

QTEST_GUILESS_MAIN(TestSmallDefects)
#include "tst_small_defects.moc"
