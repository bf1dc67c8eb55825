// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_product.h"
#include "core/image/part_aligner.h"
#include "core/image/preprocessing.h"
#include "tests/support/test_images.h"

#include <QtCore/QJsonDocument>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <map>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kSize = 400;
constexpr int kLearnt = 24;

/// A demo part, drawn once.
const DemoImage& drawn(DemoShape shape, DemoPose pose, int index)
{
    static std::map<std::tuple<DemoShape, DemoPose, int>, DemoImage> cache;
    const auto key = std::make_tuple(shape, pose, index);
    auto found = cache.find(key);
    if (found == cache.end()) {
        DemoOptions options;
        options.size = kSize;
        options.shape = shape;
        options.pose = pose;
        found = cache.emplace(key, renderDemoPart(options, std::uint64_t(index))).first;
    }
    return found->second;
}

const cv::Mat& bracket(int index)
{
    return drawn(DemoShape::Bracket, DemoPose::Free, index).image;
}

PartAligner::Fit learn(int count, const std::function<cv::Mat(std::size_t)>& picture,
                       const PartAligner::Options& options = {})
{
    return PartAligner::learn(std::size_t(count), picture, options);
}

/// Learnt from free brackets, once.
const PartAligner& bracketAligner()
{
    static const PartAligner aligner =
        learn(kLearnt, [](std::size_t i) { return bracket(1000 + int(i)); }).aligner.value();
    return aligner;
}

cv::Point2d mapped(const cv::Matx23d& map, const cv::Point2d& at)
{
    return {map(0, 0) * at.x + map(0, 1) * at.y + map(0, 2), map(1, 0) * at.x + map(1, 1) * at.y + map(1, 2)};
}

/// Where the part lies in its upright frame, by the pose that was found and the true one: always the same place.
struct Placed
{
    double angle; ///< degrees
    cv::Point2d centre;
};

Placed placed(const PartPose& pose, const DemoImage& truth)
{
    const double turn = std::atan2(pose.toUpright(1, 0), pose.toUpright(0, 0)) * 180.0 / CV_PI;
    return {std::remainder(turn + truth.angle, 360.0), mapped(pose.toUpright, truth.centre)};
}

/// The ground without a part: two pictures have their parts at different places.
cv::Mat emptyGround(int index)
{
    cv::Mat ground = bracket(index).clone();
    for (int i = 1; i < 5; ++i)
        cv::min(ground, bracket(index + i), ground);
    return ground;
}

cv::Rect around(const DemoImage& image, int half)
{
    const cv::Point centre(image.centre);
    return cv::Rect(centre.x - half, centre.y - half, 2 * half, 2 * half) & cv::Rect(0, 0, kSize, kSize);
}

QString problem(int index, const PartPose& pose)
{
    return u"%1: %2 (likeness %3)"_s.arg(index).arg(pose.reason).arg(pose.likeness);
}

} // namespace

class TestPartAligner : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void posesAreRecovered_data()
    {
        QTest::addColumn<int>("shape");
        QTest::addColumn<bool>("isElongated");
        QTest::newRow("elongated") << int(DemoShape::Bracket) << true;
        QTest::newRow("nearly round") << int(DemoShape::Flange) << false;
    }

    void posesAreRecovered()
    {
        QFETCH(int, shape);
        QFETCH(bool, isElongated);
        const auto part = [&](int index) -> const DemoImage& { return drawn(DemoShape(shape), DemoPose::Free, index); };
        const PartAligner::Fit fit = learn(kLearnt, [&](std::size_t i) { return part(1000 + int(i)).image; });
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        QCOMPARE(fit.looked, std::size_t(kLearnt));
        QVERIFY(fit.leftOut.empty());
        QVERIFY(fit.aligner->isElongated() == isElongated && fit.aligner->findsAngle());
        QVERIFY2(fit.alikeAfter < 0.25 * fit.alikeBefore, qPrintable(QString::number(fit.alikeAfter)));

        std::vector<Placed> places;
        for (int i = 0; i < 100; ++i) {
            const PartPose pose = fit.aligner->align(part(i).image);
            QVERIFY2(pose.status == PartStatus::Found, qPrintable(problem(i, pose)));
            QVERIFY(pose.reason.isEmpty());
            QVERIFY2(pose.turnMargin > 0.03, qPrintable(problem(i, pose)));
            QCOMPARE(pose.scale, 1.0);
            QVERIFY(pose.outside < 0.01);
            places.push_back(placed(pose, part(i)));
        }
        // The frame's own angle and origin come from the pictures; against those of the first part none may differ.
        const auto median = [&](auto value) {
            std::vector<double> values;
            for (const Placed& place : places)
                values.push_back(value(place));
            std::sort(values.begin(), values.end());
            return values[values.size() / 2];
        };
        const double first = places.front().angle;
        const double angle = first + median([&](const Placed& p) { return std::remainder(p.angle - first, 360.0); });
        const cv::Point2d centre(median([](const Placed& p) { return p.centre.x; }),
                                 median([](const Placed& p) { return p.centre.y; }));
        for (std::size_t i = 0; i < places.size(); ++i) {
            const double turned = std::abs(std::remainder(places[i].angle - angle, 360.0));
            const double moved = cv::norm(places[i].centre - centre);
            QVERIFY2(turned < 1.0 && moved < 1.5, qPrintable(u"%1: %2 degrees, %3 px"_s.arg(i).arg(turned).arg(moved)));
        }
    }

    void defectivePartsAreFound()
    {
        DemoOptions options;
        options.size = kSize;
        options.shape = DemoShape::Bracket;
        options.pose = DemoPose::Free;
        const Placed good = placed(bracketAligner().align(bracket(0)), drawn(DemoShape::Bracket, DemoPose::Free, 0));
        for (const QString& kind : demoDefectKinds(DemoShape::Bracket)) {
            for (std::uint64_t index = 50; index < 53; ++index) {
                const DemoImage bad = renderDemoPart(options, index, kind);
                const PartPose pose = bracketAligner().align(bad.image);
                QVERIFY2(pose.status == PartStatus::Found, qPrintable(kind + u' ' + problem(int(index), pose)));
                const Placed place = placed(pose, bad);
                QVERIFY2(std::abs(std::remainder(place.angle - good.angle, 360.0)) < 1.0, qPrintable(kind));
                QVERIFY2(cv::norm(place.centre - good.centre) < 1.5, qPrintable(kind));
            }
        }
    }

    void freePosesGainMost()
    {
        const PartAligner::Fit fixed =
            learn(kLearnt, [](std::size_t i) { return drawn(DemoShape::Bracket, DemoPose::Fixed, int(i)).image; });
        QVERIFY2(fixed.aligner, qPrintable(fixed.whyNot));
        const PartAligner::Fit free = learn(kLearnt, [](std::size_t i) { return bracket(1000 + int(i)); });
        QVERIFY(fixed.alikeAfter < fixed.alikeBefore);
        QVERIFY(free.alikeBefore > 3.0 * fixed.alikeBefore);
        QVERIFY(free.alikeBefore - free.alikeAfter > 3.0 * (fixed.alikeBefore - fixed.alikeAfter));
    }

    void roundPartsStayAsTheyLie()
    {
        const auto disc = [](std::size_t i) {
            Random random(i);
            cv::Mat picture(300, 320, CV_8UC3, cv::Scalar(60, 70, 80));
            const cv::Point centre(int(random.integer(100, 220)), int(random.integer(100, 200)));
            cv::circle(picture, centre, 70, cv::Scalar(150, 170, 180), cv::FILLED, cv::LINE_AA);
            cv::circle(picture, centre, 30, cv::Scalar(90, 80, 80), cv::FILLED, cv::LINE_AA);
            cv::Mat noise(picture.size(), CV_8UC3);
            cv::RNG(i + 1).fill(noise, cv::RNG::UNIFORM, 0, 8);
            return cv::Mat(picture + noise);
        };
        const PartAligner::Fit fit = learn(12, disc);
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        QVERIFY(!fit.aligner->findsAngle());
        const PartPose pose = fit.aligner->align(disc(40));
        QVERIFY2(pose.status == PartStatus::Found, qPrintable(pose.reason));
        QCOMPARE(pose.angle, 0.0);
        QCOMPARE(pose.turnMargin, 0.0);
        QVERIFY(std::abs(fit.aligner->frame().width - 2 * 72) < 16);
    }

    void sizesThatVaryAreScaled()
    {
        const auto scaled = [](int index, double size) {
            cv::Mat picture;
            cv::resize(bracket(index), picture, {}, size, size, cv::INTER_AREA);
            return picture;
        };
        const PartAligner::Fit fit =
            learn(kLearnt, [&](std::size_t i) { return scaled(1000 + int(i), 0.8 + 0.2 * double(i) / kLearnt); });
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        const double small = fit.aligner->align(scaled(3, 0.82)).scale;
        const double large = fit.aligner->align(scaled(3, 0.96)).scale;
        QVERIFY2(std::abs(large / small - 0.96 / 0.82) < 0.01, qPrintable(QString::number(large / small)));
        const PartPose beyond = fit.aligner->align(scaled(3, 0.68));
        QVERIFY2(beyond.status == PartStatus::NotFound, qPrintable(QString::number(beyond.scale)));
    }

    void whatCanNotBeJudgedIsSaid()
    {
        const PartAligner& aligner = bracketAligner();
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 3);
        const auto expect = [&](const cv::Mat& picture, PartStatus status, const char* what) {
            const PartPose pose = aligner.align(picture);
            QVERIFY2(pose.status == status, qPrintable(QString::fromLatin1(what) + u": "_s + pose.reason));
            QVERIFY2(!pose.reason.isEmpty(), what);
            QVERIFY2(errorOf([&] { aligner.warpUpright(picture, pose, {64, 32}); }), what);
        };
        expect(emptyGround(20), PartStatus::NotFound, "no part");
        expect(cv::Mat(300, 300, CV_8UC3, cv::Scalar(40, 40, 40)), PartStatus::NotFound, "nothing at all");
        expect(cv::Mat(1, 1, CV_8UC1, cv::Scalar(40)), PartStatus::NotFound, "one pixel");

        // Cut through the middle of the part, from each side.
        const cv::Point centre(part.centre);
        expect(part.image.colRange(centre.x, kSize), PartStatus::TouchesBorder, "left");
        expect(part.image.colRange(0, centre.x), PartStatus::TouchesBorder, "right");
        expect(part.image.rowRange(centre.y, kSize), PartStatus::TouchesBorder, "top");
        expect(part.image.rowRange(0, centre.y), PartStatus::TouchesBorder, "bottom");

        // Parts beside each other and across each other; on the dark ground the brighter pixel is the part's.
        cv::Mat beside;
        cv::hconcat(part.image, bracket(7), beside);
        expect(beside, PartStatus::SeveralParts, "two parts");
        cv::Mat across;
        cv::Mat turned;
        cv::warpAffine(part.image, turned, cv::getRotationMatrix2D(part.centre, 90.0, 1.0), part.image.size(),
                       cv::INTER_LINEAR, cv::BORDER_REPLICATE);
        cv::max(part.image, turned, across);
        const PartPose crossed = aligner.align(across);
        QVERIFY(crossed.status != PartStatus::Found);

        cv::Mat foreign = emptyGround(30);
        cv::circle(foreign, {200, 200}, 55, cv::Scalar(170, 170, 170), cv::FILLED, cv::LINE_AA);
        expect(foreign, PartStatus::NotFound, "another thing");
        cv::Mat crumb = emptyGround(30);
        cv::circle(crumb, {200, 200}, 12, cv::Scalar(170, 170, 170), cv::FILLED, cv::LINE_AA);
        expect(crumb, PartStatus::NotFound, "a crumb");
    }

    void mirrorImagesDoNotPass()
    {
        for (int i = 0; i < 20; ++i) {
            for (const int code : {0, 1}) {
                cv::Mat mirrored;
                cv::flip(bracket(i), mirrored, code);
                const PartPose pose = bracketAligner().align(mirrored);
                QVERIFY2(pose.status == PartStatus::Mirrored, qPrintable(problem(i, pose)));
            }
        }
    }

    void aThreadToTheBorderHidesNothing()
    {
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 3);
        cv::Mat picture = part.image.clone();
        cv::line(picture, part.centre, {0, 0}, cv::Scalar(160, 160, 160), 3, cv::LINE_AA);
        const PartPose pose = bracketAligner().align(picture);
        QVERIFY2(pose.status == PartStatus::Found, qPrintable(pose.reason));
        QVERIFY(cv::norm(placed(pose, part).centre - placed(bracketAligner().align(part.image), part).centre) < 1.5);
    }

    void whatLiesBesideIsCounted()
    {
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 3);
        QVERIFY(bracketAligner().align(part.image).stray < 0.005);
        cv::Mat picture = part.image.clone();
        const cv::Point far(part.centre.x < kSize / 2 ? kSize - 40 : 40, part.centre.y < kSize / 2 ? kSize - 40 : 40);
        cv::circle(picture, far, 12, cv::Scalar(170, 170, 170), cv::FILLED, cv::LINE_AA);
        const PartPose pose = bracketAligner().align(picture);
        QVERIFY2(pose.status == PartStatus::Found, qPrintable(pose.reason));
        QVERIFY2(pose.stray > 0.03 && pose.stray < 0.2, qPrintable(QString::number(pose.stray)));
    }

    void picturesOfEveryKindAreTaken()
    {
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 5);
        const PartAligner& aligner = bracketAligner();
        const auto check = [&](const PartAligner& by, const cv::Mat& picture, const cv::Point& shift,
                               const Placed& expected, const char* what) {
            const PartPose pose = by.align(picture);
            QVERIFY2(pose.status == PartStatus::Found, what);
            DemoImage truth = part;
            truth.centre -= cv::Point2d(shift);
            const Placed place = placed(pose, truth);
            QVERIFY2(std::abs(std::remainder(place.angle - expected.angle, 360.0)) < 0.3, what);
            QVERIFY2(cv::norm(place.centre - expected.centre) < 1.0, what);
            const cv::Mat upright = by.warpUpright(picture, pose, {160, 96});
            QCOMPARE(upright.type(), picture.type());
            QCOMPARE(upright.size(), cv::Size(160, 96));
        };
        cv::Mat grey;
        cv::cvtColor(part.image, grey, cv::COLOR_BGR2GRAY);
        cv::Mat withAlpha;
        cv::cvtColor(part.image, withAlpha, cv::COLOR_BGR2BGRA);
        const Placed expected = placed(aligner.align(part.image), part);
        check(aligner, grey, {}, expected, "grey");
        check(aligner, withAlpha, {}, expected, "BGRA");
        const cv::Rect cut = around(part, 130);
        check(aligner, part.image(cut), cut.tl(), expected, "another size");

        // A camera of 12 bits in 16-bit files.
        PartAligner::Options options;
        options.window16 = {0.0, 4095.0};
        const auto deep = [](const cv::Mat& picture) {
            cv::Mat result;
            picture.convertTo(result, CV_16U, 4095.0 / 255.0);
            return result;
        };
        const PartAligner::Fit fit = learn(
            kLearnt, [&](std::size_t i) { return deep(bracket(1000 + int(i))); }, options);
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        const DemoImage& other = drawn(DemoShape::Bracket, DemoPose::Free, 6);
        const Placed deepPlace = placed(fit.aligner->align(deep(other.image)), other);
        QVERIFY(cv::norm(deepPlace.centre - expected.centre) < 2.0); // the frame's corner is whole pixels
        check(*fit.aligner, deep(part.image), {}, deepPlace, "16 bit");

        QVERIFY(errorOf([&] { aligner.align({}); }));
        QVERIFY(errorOf([&] { aligner.align(cv::Mat(9, 9, CV_32F, cv::Scalar(0))); }));
    }

    void fewPicturesAreEnough()
    {
        const PartAligner::Fit fit = learn(5, [](std::size_t i) { return bracket(1000 + int(i)); });
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        for (int i = 0; i < 20; ++i) {
            const PartPose pose = fit.aligner->align(bracket(i));
            QVERIFY2(pose.status == PartStatus::Found, qPrintable(problem(i, pose)));
        }
        QVERIFY(!learn(2, [](std::size_t i) { return bracket(int(i)); }).whyNot.isEmpty());
        QVERIFY(!learn(0, [](std::size_t) { return cv::Mat(); }).whyNot.isEmpty());

        const PartAligner::Fit same = learn(6, [](std::size_t) { return bracket(1000); });
        QVERIFY2(same.aligner, qPrintable(same.whyNot));
        QVERIFY(same.alikeAfter < 0.01);
    }

    void aFewBadPicturesAreLeftOut()
    {
        const PartAligner::Fit fit = learn(kLearnt, [](std::size_t i) -> cv::Mat {
            if (i == 4)
                return emptyGround(40);
            if (i == 9)
                return cv::Mat(bracket(3).colRange(int(drawn(DemoShape::Bracket, DemoPose::Free, 3).centre.x), kSize));
            return cv::Mat(bracket(1000 + int(i)));
        });
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        QVERIFY(fit.leftOut == (std::vector<std::size_t>{4, 9}));
        QVERIFY(fit.aligner->align(bracket(0)).status == PartStatus::Found);
    }

    void declines_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("reason");
        QTest::newRow("plain") << 0 << u"no part stands out"_s;
        QTest::newRow("texture") << 1 << u"good pictures"_s;
        QTest::newRow("cut") << 2 << u"border"_s;
        QTest::newRow("several") << 3 << u"several parts"_s;
        QTest::newRow("sizes") << 4 << u"sizes"_s;
        QTest::newRow("various things") << 5 << u"different"_s;
    }

    void declines()
    {
        QFETCH(int, kind);
        QFETCH(QString, reason);
        const auto picture = [&](std::size_t i) {
            const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, int(i));
            Random random(i);
            cv::Mat result(300, 300, CV_8UC3, cv::Scalar(40, 42, 45));
            cv::Mat noise(result.size(), CV_8UC3);
            cv::RNG(i + 1).fill(noise, cv::RNG::UNIFORM, 0, 6);
            switch (kind) {
            case 0:
                return cv::Mat(result + noise);
            case 1:
                cv::RNG(i + 1).fill(result, cv::RNG::UNIFORM, 0, 255);
                cv::GaussianBlur(result, result, {}, 3.0);
                cv::normalize(result, result, 0, 255, cv::NORM_MINMAX);
                return result;
            case 2:
                return cv::Mat(part.image.colRange(int(part.centre.x), kSize));
            case 3:
                cv::hconcat(part.image, bracket(int(i) + 20), result);
                return result;
            case 4:
                cv::circle(result, {150, 150}, 30 + 10 * int(i % 8), cv::Scalar(170, 170, 170), cv::FILLED);
                return cv::Mat(result + noise);
            default:
                // Blots of one size, on average of the ground's colour, each with another pattern.
                cv::Mat blot(300, 300, CV_8UC3);
                cv::RNG(i + 77).fill(blot, cv::RNG::UNIFORM, 0, 255);
                cv::GaussianBlur(blot, blot, {}, 4.0);
                cv::normalize(blot, blot, 0, 84, cv::NORM_MINMAX);
                cv::Mat shape(300, 300, CV_8U, cv::Scalar(0));
                cv::circle(shape, {150, 150}, 70, cv::Scalar(255), cv::FILLED);
                blot.copyTo(result, shape);
                return cv::Mat(result + noise);
            }
        };
        const PartAligner::Fit fit = learn(16, picture);
        QVERIFY(!fit.aligner);
        QVERIFY2(fit.whyNot.contains(reason), qPrintable(fit.whyNot));
    }

    void mapsFindTheirWayBack()
    {
        const PartAligner& aligner = bracketAligner();
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 11);
        const PartPose pose = aligner.align(part.image);
        const cv::Size target(224, 96);
        // The source's own values, cut out and mapped back, lie where they were.
        cv::Mat grey;
        cv::cvtColor(part.image, grey, cv::COLOR_BGR2GRAY);
        cv::GaussianBlur(grey, grey, {}, 2.0);
        cv::Mat map;
        aligner.warpUpright(grey, pose, target).convertTo(map, CV_32F);
        const cv::Mat back = aligner.mapToSource(map, pose, grey.size());
        QCOMPARE(back.type(), CV_32FC1);
        QCOMPARE(back.size(), grey.size());
        const cv::Mat seen = back > 0.0F;
        cv::Mat wanted;
        grey.convertTo(wanted, CV_32F);
        cv::Mat difference;
        cv::absdiff(back, wanted, difference);
        const cv::Rect middle = around(part, 20);
        QVERIFY2(cv::mean(difference(middle))[0] < 1.5, qPrintable(QString::number(cv::mean(difference(middle))[0])));
        // Outside of the frame there is nothing, and all of the part is inside.
        QVERIFY(cv::countNonZero(seen) < 0.3 * kSize * kSize);
        QCOMPARE(cv::countNonZero((grey > 90) & ~seen), 0);
        // The centre goes to its place by the affine map, and back.
        const cv::Point2d upright = mapped(aligner.transform(pose, target), part.centre);
        cv::Mat point = cv::Mat::zeros(target, CV_32F);
        cv::circle(point, upright, 6, cv::Scalar(1.0), cv::FILLED);
        const cv::Moments moments = cv::moments(aligner.mapToSource(point, pose, grey.size()));
        QVERIFY(cv::norm(cv::Point2d(moments.m10 / moments.m00, moments.m01 / moments.m00) - part.centre) < 0.8);

        QVERIFY(errorOf([&] { aligner.mapToSource(cv::Mat(), pose, grey.size()); }));
    }

    void shrinkingAveragesAreas()
    {
        const PartAligner& aligner = bracketAligner();
        const cv::Mat& source = bracket(12);
        const PartPose pose = aligner.align(source);
        // Stripes of single pixels must become their mean, not waves.
        cv::Mat striped = source.clone();
        for (int x = 0; x < striped.cols; x += 2)
            striped.col(x) += cv::Scalar(30, 30, 30);
        const cv::Size target(64, 32);
        const cv::Mat plain = aligner.warpUpright(source, pose, target);
        cv::Mat difference;
        cv::subtract(aligner.warpUpright(striped, pose, target), plain, difference, cv::noArray(), CV_16S);
        double low = 0.0;
        double high = 0.0;
        cv::minMaxLoc(difference.reshape(1), &low, &high);
        QVERIFY2(low >= 10.0 && high <= 20.0, qPrintable(u"%1 to %2"_s.arg(low).arg(high)));
    }

    void theFrameKeepsTheResolution()
    {
        // 0.55 of the picture's width times the part's own length, and a margin.
        const cv::Size frame = bracketAligner().frame();
        const double length = 0.55 * kSize * (0.28 + 0.135 + 0.315 + 0.100);
        QVERIFY2(frame.width > length && frame.width < 1.2 * length, qPrintable(QString::number(frame.width)));
        QVERIFY(frame.height < 0.6 * frame.width);

        PartAligner::Options wide;
        wide.margin = 0.25;
        const auto fit = learn(
            kLearnt, [](std::size_t i) { return bracket(1000 + int(i)); }, wide);
        QVERIFY(fit.aligner->frame().width > frame.width + 0.4 * length);
        // Beyond the source the ground goes on.
        const DemoImage& part = drawn(DemoShape::Bracket, DemoPose::Free, 3);
        const cv::Rect cut = around(part, 125);
        const cv::Mat source = part.image(cut);
        const PartPose pose = fit.aligner->align(source);
        QVERIFY2(pose.status == PartStatus::Found, qPrintable(pose.reason));
        const cv::Mat upright = fit.aligner->warpUpright(source, pose, {320, 320});
        const cv::Vec3b corner = upright.at<cv::Vec3b>(0, 0);
        for (int c = 0; c < 3; ++c)
            QVERIFY(std::abs(corner[c] - 42) < 10);
        QVERIFY(errorOf([&] {
            PartAligner::Options bad;
            bad.margin = -1.0;
            learn(
                5, [](std::size_t i) { return bracket(int(i)); }, bad);
        }));
    }

    void sameInputSameResult()
    {
        const auto again = learn(kLearnt, [](std::size_t i) { return bracket(1000 + int(i)); });
        QCOMPARE(again.aligner->toJson(), bracketAligner().toJson());
        QVERIFY(isSame(again.aligner->reference(), bracketAligner().reference()));
        const PartPose one = again.aligner->align(bracket(2));
        const PartPose two = bracketAligner().align(bracket(2));
        QVERIFY(one.toUpright == two.toUpright && one.likeness == two.likeness);
    }

    void preprocessingTakesThePartAlong()
    {
        Preprocessing how;
        how.width = 256;
        how.height = 128;
        how.part = std::make_shared<PartAligner>(bracketAligner());
        const QByteArray text = QJsonDocument(how.toJson()).toJson();
        const Preprocessing read = Preprocessing::fromJson(QJsonDocument::fromJson(text).object());
        QVERIFY(read.part);
        QCOMPARE(read.toJson(), how.toJson());
        const cv::Mat picture = bracket(7);
        const PreparedImage prepared = prepareImage(picture, read);
        QVERIFY(prepared.problem.isEmpty());
        QVERIFY(isSame(prepared.image, prepare(picture, how)));

        // A map of the upright part comes back to where the part lies, and single values are those of the whole map.
        cv::Mat map(how.height, how.width, CV_32F);
        cv::RNG random(3);
        random.fill(map, cv::RNG::UNIFORM, 0.1, 1.0);
        cv::GaussianBlur(map, map, {}, 4.0);
        const cv::Mat whole = prepared.geometry.mapAt(map, picture.size());
        QCOMPARE(whole.size(), picture.size());
        QCOMPARE(whole.at<float>(0, 0), 0.0F); // the corner is outside of what the network saw
        for (int y = 5; y < picture.rows; y += 37) {
            for (int x = 5; x < picture.cols; x += 41)
                QVERIFY(std::abs(prepared.geometry.valueAt(map, {x, y}) - whole.at<float>(y, x)) < 0.02F);
        }
        const cv::Mat half = prepared.geometry.mapAt(map, picture.size() / 2);
        QVERIFY(std::abs(cv::sum(half)[0] * 4.0 / cv::sum(whole)[0] - 1.0) < 0.02);

        const PreparedImage none = prepareImage(cv::Mat(400, 400, CV_8UC3, cv::Scalar(90, 95, 92)), read);
        QVERIFY(!none.problem.isEmpty() && none.image.empty());
        const auto error = errorOf([&] { prepare(cv::Mat(400, 400, CV_8UC3, cv::Scalar(90, 95, 92)), read); });
        QVERIFY(error && error->message() == none.problem);

        QJsonObject json = how.toJson();
        for (const QString& damaged : {QString(), QStringLiteral("AAAA"), QString(4'000'000, QLatin1Char('A'))}) {
            json[QStringLiteral("part_reference")] = damaged;
            const auto refused = errorOf([&] { Preprocessing::fromJson(json); });
            QVERIFY(refused && refused->kind() == ErrorKind::Format);
        }
    }

    void storedAndReadAgain()
    {
        const PartAligner& aligner = bracketAligner();
        const QByteArray text = QJsonDocument(aligner.toJson()).toJson();
        const PartAligner read =
            PartAligner::fromJson(QJsonDocument::fromJson(text).object(), aligner.reference().clone());
        QCOMPARE(read.toJson(), aligner.toJson());
        QCOMPARE(read.frame(), aligner.frame());
        const PartPose one = read.align(bracket(2));
        const PartPose two = aligner.align(bracket(2));
        QVERIFY(one.status == PartStatus::Found && one.toUpright == two.toUpright);
        QVERIFY(isSame(read.warpUpright(bracket(2), one, {160, 64}), aligner.warpUpright(bracket(2), two, {160, 64})));
    }

    void brokenValuesAreRefused()
    {
        const PartAligner& aligner = bracketAligner();
        const QJsonObject good = aligner.toJson();
        for (const QString& key : good.keys()) {
            for (const QJsonValue& value : {QJsonValue(), QJsonValue(u"x"_s), QJsonValue(-1e300), QJsonValue(1e300)}) {
                QJsonObject json = good;
                json[key] = value;
                const auto error = errorOf([&] { PartAligner::fromJson(json, aligner.reference()); });
                QVERIFY2(error && error->kind() == ErrorKind::Format, qPrintable(key));
                QVERIFY2(error->message().contains(key), qPrintable(error->message()));
            }
        }
        // Absurd, but each value within its range: refused before memory is asked for.
        QJsonObject vast = good;
        vast[u"frame_width"_s] = 1'000'000;
        vast[u"frame_height"_s] = 1'000'000;
        const PartAligner absurd = PartAligner::fromJson(vast, aligner.reference());
        const PartPose pose = absurd.align(bracket(2));
        const auto tooLarge = errorOf([&] { absurd.warpUpright(bracket(2), pose, {256, 256}); });
        QVERIFY(tooLarge && tooLarge->kind() == ErrorKind::Model);

        const auto refused = [&](const cv::Mat& reference) {
            const auto error = errorOf([&] { PartAligner::fromJson(good, reference); });
            return error && error->kind() == ErrorKind::Format;
        };
        QVERIFY(refused({}));
        QVERIFY(refused(cv::Mat(64, 64, CV_8UC1, cv::Scalar(1))));
        QVERIFY(refused(cv::Mat(4, 64, CV_8UC2, cv::Scalar(1, 1))));
        QVERIFY(refused(cv::Mat(64, 4000, CV_8UC2, cv::Scalar(1, 1))));
        QVERIFY(refused(cv::Mat(64, 64, CV_8UC2, cv::Scalar(1, 0))));
    }

    void progressRises()
    {
        TaskContext context;
        std::vector<double> fractions;
        context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
        const PartAligner::Fit fit = PartAligner::learn(
            8, [](std::size_t i) { return bracket(1000 + int(i)); }, {}, context);
        QVERIFY2(fit.aligner, qPrintable(fit.whyNot));
        QVERIFY(fractions.size() > 8 && std::is_sorted(fractions.begin(), fractions.end()));
        QVERIFY(fractions.back() <= 1.0);
    }

    void cancels()
    {
        TaskContext context;
        int asked = 0;
        const auto picture = [&](std::size_t i) {
            if (++asked == 3)
                context.cancel.cancel();
            return bracket(1000 + int(i));
        };
        QVERIFY_THROWS_EXCEPTION(Cancelled, PartAligner::learn(kLearnt, picture, {}, context));
        QCOMPARE(asked, 3);
    }
};

QTEST_GUILESS_MAIN(TestPartAligner)
#include "tst_part_aligner.moc"
