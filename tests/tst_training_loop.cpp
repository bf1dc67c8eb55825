// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/torch.h"
#include "core/training/batch_feeder.h"
#include "core/training/training_loop.h"
#include "tests/support/test_images.h"

#include <QtCore/QFileInfo>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <torch/optim/adam.h>

#include <cmath>
#include <functional>
#include <limits>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr int kSteps = 12;

/// One line through points that depend on the step's number alone.
class Line final : public TrainingTask
{
public:
    Line()
        : m_optimizer(m_line->parameters(), torch::optim::AdamOptions(0.1))
    {
        const torch::NoGradGuard noGrad;
        for (auto& parameter : m_line->parameters())
            parameter.fill_(1.0);
    }

    torch::nn::Module& network() override { return *m_line; }
    torch::optim::Optimizer& optimizer() override { return m_optimizer; }
    void begin(int step) override { begun = step; }
    void fetch(int step) override
    {
        if (step == gone)
            throw Error(ErrorKind::File, u"bild.png is gone"_s);
    }
    double learn(int step, double share) override
    {
        rates.push_back(m_optimizer.param_groups().front().options().get_lr());
        shares.push_back(share);
        if (onStep)
            onStep(step);
        if (step == divergesAt)
            return std::numeric_limits<double>::quiet_NaN();
        m_optimizer.zero_grad();
        const auto x = torch::full({1, 1}, std::sin(double(step)));
        const auto loss = (m_line->forward(x) - 3.0 * x).square().mean();
        loss.backward();
        m_optimizer.step();
        return loss.item<double>();
    }
    std::optional<double> validate(int step) override
    {
        validations.push_back(step);
        return qualities ? qualities(step) : std::optional<double>(step);
    }
    void keep() override { ++kept; }
    QString divergedRemedy() const override { return u"Learn slower."_s; }

    double weight() { return m_line->weight.item<double>(); }

    int gone = -1;
    int divergesAt = -1;
    std::function<void(int)> onStep;
    std::function<std::optional<double>(int)> qualities;
    int begun = -1;
    int kept = 0;
    std::vector<double> rates;
    std::vector<double> shares;
    std::vector<int> validations;

private:
    torch::nn::Linear m_line{torch::nn::LinearOptions(1, 1)};
    torch::optim::Adam m_optimizer;
};

TrainingPlan plan(double minutes = 0.0)
{
    return TrainingPlan([](int step, int steps) { return 0.1 * (steps - step) / steps; }, 0.1, kSteps, minutes);
}

} // namespace

class TestTrainingLoop : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void learnsAndTells();
    void goesOnAsIfItHadNeverStopped_data();
    void goesOnAsIfItHadNeverStopped();
    void theBestStateIsKept();
    void divergenceKeepsTheBest();
    void divergenceWithoutABestIsAnError();
    void withoutValidationsNothingIsValidated();
    void finishingEndsEarly();
    void budgetsBoundTheSteps();
    void otherCheckpointsAreRefused();
    void feedersKeepTheOrder();

private:
    TrainingLoop::Options options() const;

    std::unique_ptr<QTemporaryDir> m_folder;
    QStringList m_events;
    TrainingObserver m_observer;
};

void TestTrainingLoop::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_events.clear();
    m_observer = {};
    m_observer.event = [this](const QString& kind, const QString&) { m_events << kind; };
}

TrainingLoop::Options TestTrainingLoop::options() const
{
    TrainingLoop::Options options;
    options.checkpointFile = m_folder->filePath(u"Prüfpunkt ✓"_s);
    options.fingerprint = u"line"_s;
    options.validations = 3;
    return options;
}

void TestTrainingLoop::learnsAndTells()
{
    std::map<QString, std::vector<int>> curves;
    m_observer.metric = [&](const QString& name, int step, double value) {
        QVERIFY(std::isfinite(value));
        curves[name].push_back(step);
    };
    TaskContext context;
    std::vector<double> fractions;
    context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
    TrainingLoop loop(context, m_observer, {});
    Line line;
    auto how = options();
    how.from = 0.25;
    how.to = 0.75;
    loop.run(line, plan(), how);
    QCOMPARE(loop.steps(), kSteps);
    QCOMPARE(curves[u"loss"_s], (std::vector<int>{5, 10}));
    QCOMPARE(curves[u"learning_rate"_s], (std::vector<int>{5, 10}));
    QCOMPARE(line.validations, (std::vector<int>{0, 4, 8, 12}));
    QCOMPARE(line.rates.front(), 0.1);
    QCOMPARE(line.rates[6], 0.05);
    QCOMPARE(line.shares[6], 0.5);
    QVERIFY(std::is_sorted(fractions.begin(), fractions.end()));
    QVERIFY(fractions.front() > 0.25);
    QCOMPARE(fractions.back(), 0.75);
    QVERIFY(QFileInfo::exists(how.checkpointFile));
    QVERIFY(line.kept >= 1);
    QVERIFY(std::abs(line.weight() - 1.0) > 0.1);
}

void TestTrainingLoop::goesOnAsIfItHadNeverStopped_data()
{
    QTest::addColumn<QString>("how");
    QTest::newRow("cancelled") << u"cancelled"_s;
    QTest::newRow("an image is gone") << u"gone"_s;
}

void TestTrainingLoop::goesOnAsIfItHadNeverStopped()
{
    QFETCH(QString, how);
    Line whole;
    TrainingLoop::Options none = options();
    none.checkpointFile.clear();
    TrainingLoop({}, {}, {}).run(whole, plan(), none);

    Line first;
    TaskContext context;
    TrainingControl control;
    if (how == u"cancelled"_s) {
        control.keepWhenCancelled();
        first.onStep = [&](int step) {
            if (step == 6)
                context.cancel.cancel();
        };
    } else {
        first.gone = 7;
    }
    TrainingLoop stopped(context, m_observer, control);
    bool threw = false;
    try {
        stopped.run(first, plan(), options());
    } catch (const std::exception&) { // Cancelled or the missing image
        threw = true;
    }
    QVERIFY(threw);
    QCOMPARE(stopped.steps(), 7);

    Line second;
    std::vector<int> lossSteps;
    m_observer.metric = [&](const QString& name, int step, double) {
        if (name == u"loss"_s)
            lossSteps.push_back(step);
    };
    TrainingLoop goesOn({}, m_observer, {});
    goesOn.run(second, plan(), options());
    QCOMPARE(second.begun, 7);
    QCOMPARE(goesOn.steps(), kSteps);
    QCOMPARE(lossSteps, (std::vector<int>{10}));
    QCOMPARE(second.validations, (std::vector<int>{8, 12}));
    QCOMPARE(second.weight(), whole.weight());
}

void TestTrainingLoop::theBestStateIsKept()
{
    Line line;
    double atFour = 0.0;
    line.qualities = [&](int step) {
        if (step == 4)
            atFour = line.weight();
        return std::optional<double>(step == 4 ? 2.0 : 1.0);
    };
    TrainingLoop loop({}, {}, {});
    loop.run(line, plan(), options());
    QCOMPARE(loop.best().at("weight").item<double>(), atFour);
    QVERIFY(line.weight() != atFour);
}

void TestTrainingLoop::divergenceKeepsTheBest()
{
    for (const bool inValidation : {false, true}) {
        Line line;
        if (inValidation)
            line.qualities = [](int step) { return step < 8 ? std::optional<double>(step) : std::nullopt; };
        else
            line.divergesAt = 7;
        TrainingLoop loop({}, m_observer, {});
        auto how = options();
        how.checkpointFile.clear();
        loop.run(line, plan(), how);
        QCOMPARE(loop.steps(), inValidation ? 8 : 7);
        QVERIFY2(loop.warnings().contains(u"up to step 4"_s), qPrintable(loop.warnings()));
        QVERIFY2(loop.warnings().endsWith(u"Learn slower."_s), qPrintable(loop.warnings()));
        QVERIFY(m_events.contains(u"warning"_s));
        QVERIFY(!loop.best().empty());
    }
}

void TestTrainingLoop::divergenceWithoutABestIsAnError()
{
    Line line;
    line.divergesAt = 2;
    TrainingLoop loop({}, m_observer, {});
    const QString text = test::errorTextOf([&] { loop.run(line, plan(), options()); });
    QVERIFY2(text.contains(u"no longer a number"_s) && text.contains(u"Learn slower."_s), qPrintable(text));
}

void TestTrainingLoop::withoutValidationsNothingIsValidated()
{
    Line line;
    TrainingLoop loop({}, {}, {});
    loop.run(line, plan(), {});
    QVERIFY(line.validations.empty());
    QVERIFY(loop.best().empty());
    QCOMPARE(loop.steps(), kSteps);
    QVERIFY(line.kept >= 1); // at the end, though there is no checkpoint file
}

void TestTrainingLoop::finishingEndsEarly()
{
    Line line;
    TrainingControl control;
    line.onStep = [&](int step) {
        if (step == 4)
            control.finish();
    };
    TrainingLoop loop({}, m_observer, control);
    loop.run(line, plan(), options());
    QCOMPARE(loop.steps(), 5);
    QCOMPARE(line.validations.back(), 5);
    QVERIFY(m_events.contains(u"finishing"_s));
}

void TestTrainingLoop::budgetsBoundTheSteps()
{
    Line line;
    line.onStep = [](int) { QTest::qSleep(20); };
    TrainingLoop loop({}, {}, {});
    loop.run(line, TrainingPlan([](int, int) { return 0.01; }, 0.01, 1'000'000, 1.0 / 60.0), {}); // one second
    QVERIFY2(loop.steps() >= 10 && loop.steps() <= 50, qPrintable(QString::number(loop.steps())));
    QVERIFY(line.shares.back() > 0.8);
}

void TestTrainingLoop::otherCheckpointsAreRefused()
{
    Line line;
    TrainingLoop({}, {}, {}).run(line, plan(), options());
    auto other = options();
    other.fingerprint = u"curve"_s;
    Line again;
    TrainingLoop loop({}, {}, {});
    const QString text = test::errorTextOf([&] { loop.run(again, plan(), other); });
    QVERIFY2(text.contains(other.checkpointFile), qPrintable(text));
    QCOMPARE(again.begun, -1);
}

void TestTrainingLoop::feedersKeepTheOrder()
{
    BatchFeeder<int> feeder(
        [](std::uint64_t number) {
            if (number == 9)
                throw Error(ErrorKind::File, u"no more"_s);
            return int(number);
        },
        4);
    for (int wanted = 4; wanted < 9; ++wanted)
        QCOMPARE(feeder.next(), wanted);
    QVERIFY_THROWS_EXCEPTION(Error, feeder.next());
    QVERIFY_THROWS_EXCEPTION(Error, feeder.next()); // it stays so
}

QTEST_GUILESS_MAIN(TestTrainingLoop)
#include "tst_training_loop.moc"
