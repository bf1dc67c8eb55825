// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/memseg/memory_bank.h"
#include "core/nn/torch.h"
#include "tests/support/oracle.h"

#include <QtTest/QTest>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

using Levels = std::array<torch::Tensor, 3>;

Levels randomLevels(std::int64_t count, std::uint64_t seed)
{
    torch::manual_seed(seed);
    return {torch::randn({count, 8, 12, 20}), torch::randn({count, 16, 6, 10}), torch::randn({count, 32, 3, 5})};
}

/// The scores as methods.md writes them, in double precision.
torch::Tensor scoresAsWritten(const Levels& bank, const Levels& features, bool absolute, bool sum)
{
    auto scores = torch::zeros({features[0].size(0), bank[0].size(0)}, torch::kFloat64);
    for (std::size_t level = 0; level < 3; ++level) {
        const auto difference = (bank[level].unsqueeze(0) - features[level].unsqueeze(1)).to(torch::kFloat64);
        const auto measure = absolute ? difference.abs() : difference.square();
        scores += sum ? measure.sum({2, 3, 4}) : measure.mean({2, 3, 4});
    }
    return scores;
}

} // namespace

class TestMemSegMemory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void matchesOracle_data() { oracle::addRows(u"memseg_memory"_s); }
    void matchesOracle();
    void scoresAreAsWritten_data();
    void scoresAreAsWritten();
    void nearTiesAreDecidedExactly();
    void firstAmongEqualsWins();
    void attentionIsAProductDownTheChain();
    void misfitsAreRefused();
};

void TestMemSegMemory::matchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    Levels bank;
    Levels features;
    for (std::size_t level = 0; level < 3; ++level) {
        bank[level] = readTensor(file, "input.memory.level" + std::to_string(level));
        features[level] = readTensor(file, "input.features.level" + std::to_string(level));
    }
    const auto match = MemoryBank(bank, u"squared"_s, u"mean"_s).match(features);
    QByteArray fault = oracle::difference(file, "output.diff_bank", match.scores);
    QVERIFY2(fault.isEmpty(), fault.constData());
    fault = oracle::difference(file, "output.argmin", match.index);
    QVERIFY2(fault.isEmpty(), fault.constData());
    for (std::size_t level = 0; level < 3; ++level) {
        fault = oracle::difference(file, "output.concat.level" + std::to_string(level),
                                   torch::cat({features[level], match.difference[level]}, 1));
        QVERIFY2(fault.isEmpty(), fault.constData());
    }
}

void TestMemSegMemory::scoresAreAsWritten_data()
{
    QTest::addColumn<QString>("difference");
    QTest::addColumn<QString>("selection");
    for (const QString& difference : {u"squared"_s, u"abs"_s}) {
        for (const QString& selection : {u"mean"_s, u"sum"_s})
            QTest::newRow(qPrintable(difference + u' ' + selection)) << difference << selection;
    }
}

void TestMemSegMemory::scoresAreAsWritten()
{
    QFETCH(QString, difference);
    QFETCH(QString, selection);
    const Levels levels = randomLevels(7, 1);
    Levels features = randomLevels(3, 2);
    for (std::size_t level = 0; level < 3; ++level)
        features[level][1] = 0.9 * levels[level][4] + 0.1 * features[level][1];
    const auto wanted = scoresAsWritten(levels, features, difference == "abs"_L1, selection == "sum"_L1);
    const auto match = MemoryBank(levels, difference, selection).match(features);
    QVERIFY2(torch::allclose(match.scores.to(torch::kFloat64), wanted, 1e-5), c10::str(match.scores).c_str());
    QVERIFY(torch::equal(match.index, wanted.argmin(1)));
    QCOMPARE(match.index[1].item<std::int64_t>(), 4);
    for (std::size_t level = 0; level < 3; ++level) {
        const auto d = levels[level].index_select(0, match.index) - features[level];
        QVERIFY(torch::equal(match.difference[level], difference == "abs"_L1 ? d.abs() : d.square()));
    }
}

void TestMemSegMemory::nearTiesAreDecidedExactly()
{
    // Far from zero and nearly alike: ||m||^2 + ||f||^2 - 2 m.f in float32 has no digits left for the differences.
    Levels levels = randomLevels(1, 3);
    Levels features;
    for (std::size_t level = 0; level < 3; ++level) {
        features[level] = levels[level] + 1000.0;
        levels[level] = features[level].repeat({6, 1, 1, 1});
        for (std::int64_t n = 0; n < 6; ++n)
            levels[level][n] += 0.05 + 0.01 * double((n + 3) % 6);
    }
    const auto match = MemoryBank(levels, u"squared"_s, u"mean"_s).match(features);
    QCOMPARE(match.index[0].item<std::int64_t>(), 3);
    QVERIFY(torch::allclose(match.scores.to(torch::kFloat64), scoresAsWritten(levels, features, false, false), 1e-5));
}

void TestMemSegMemory::firstAmongEqualsWins()
{
    Levels levels = randomLevels(1, 4);
    for (auto& level : levels)
        level = level.repeat({5, 1, 1, 1});
    const auto match = MemoryBank(levels, u"squared"_s, u"mean"_s).match(randomLevels(2, 5));
    QVERIFY(torch::equal(match.index, torch::zeros({2}, torch::kInt64)));
}

void TestMemSegMemory::attentionIsAProductDownTheChain()
{
    const Levels difference{torch::full({1, 4, 8, 8}, 2.0), torch::full({1, 8, 4, 4}, 3.0),
                            torch::full({1, 16, 2, 2}, 5.0)};
    const auto m = spatialAttention(difference);
    QVERIFY(torch::allclose(m[2], torch::full({1, 1, 2, 2}, 5.0)));
    QVERIFY(torch::allclose(m[1], torch::full({1, 1, 4, 4}, 15.0)));
    QVERIFY(torch::allclose(m[0], torch::full({1, 1, 8, 8}, 30.0)));
}

void TestMemSegMemory::misfitsAreRefused()
{
    const MemoryBank bank(randomLevels(3, 6), u"squared"_s, u"mean"_s);
    QCOMPARE(bank.size(), 3);
    Levels other = randomLevels(1, 7);
    other[1] = torch::zeros({1, 16, 6, 11});
    QVERIFY_THROWS_EXCEPTION(Error, bank.match(other));
    QVERIFY_THROWS_EXCEPTION(Error, MemoryBank().match(randomLevels(1, 7)));
    Levels uneven = randomLevels(3, 8);
    uneven[2] = uneven[2].narrow(0, 0, 2);
    QVERIFY_THROWS_EXCEPTION(Error, MemoryBank(uneven, u"squared"_s, u"mean"_s));
}

QTEST_GUILESS_MAIN(TestMemSegMemory)
#include "tst_memseg_memory.moc"
