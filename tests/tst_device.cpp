// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/device.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QProcess>
#include <QtTest/QTest>

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr const char* kChildArgument = "--start-as-child";

/// What this program prints as a child; empty when it does not end well.
QString saidByChild(const QProcessEnvironment& environment)
{
    QProcess child;
    child.setProcessEnvironment(environment);
    child.start(QCoreApplication::applicationFilePath(), {QString::fromLatin1(kChildArgument), u"größe 2"_s});
    if (!child.waitForFinished(60'000) || child.exitStatus() != QProcess::NormalExit || child.exitCode() != 0)
        return {};
    return QString::fromUtf8(child.readAllStandardOutput());
}

} // namespace

// Takes the place of OpenBLAS's function, so that a child process can pretend any answer.
extern "C" char* openblas_get_corename()
{
    static char name[64] = "";
    std::strncpy(name, qgetenv("TEST_CORE_NAME").constData(), sizeof name - 1);
    return name;
}

class TestDevice : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void startsAgainOnlyForOldKernels_data();
    void startsAgainOnlyForOldKernels();
    void startsAgainToWaitPolitely_data();
    void startsAgainToWaitPolitely();
    void setsThreads();
    void choosesDevices();
    void describesTheMachine();
    void measuresPeakMemory();
};

void TestDevice::startsAgainOnlyForOldKernels_data()
{
    QTest::addColumn<QString>("core");
    QTest::addColumn<QString>("given");
    QTest::addColumn<QString>("wanted");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    const QString better = avx512 ? u"SkylakeX"_s : QString();
    QTest::newRow("Prescott") << u"Prescott"_s << QString() << better;
    QTest::newRow("Nehalem") << u"Nehalem"_s << QString() << better;
    QTest::newRow("Haswell") << u"Haswell"_s << QString() << QString();
    QTest::newRow("SkylakeX") << u"SkylakeX"_s << QString() << QString();
    QTest::newRow("Zen") << u"Zen"_s << QString() << QString();
    QTest::newRow("set by the user") << u"Prescott"_s << u"Haswell"_s << u"Haswell"_s;
}

void TestDevice::startsAgainOnlyForOldKernels()
{
    QFETCH(QString, core);
    QFETCH(QString, given);
    QFETCH(QString, wanted);
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"TEST_CORE_NAME"_s, core);
    environment.remove(u"OPENBLAS_CORETYPE"_s);
    environment.insert(u"GOMP_SPINCOUNT"_s, u"7"_s);
    if (!given.isEmpty())
        environment.insert(u"OPENBLAS_CORETYPE"_s, given);
    // The pretended name stays old after the new start: a program that looked again would never end.
    QCOMPARE(saidByChild(environment), u"[%1] [größe 2] [7]"_s.arg(wanted));
}

void TestDevice::startsAgainToWaitPolitely_data()
{
    QTest::addColumn<QString>("spins");
    QTest::addColumn<QString>("policy");
    QTest::addColumn<QString>("wanted");
    QTest::newRow("nothing set") << QString() << QString() << u"1000"_s;
    QTest::newRow("set by the user") << u"5"_s << QString() << u"5"_s;
    QTest::newRow("policy set by the user") << QString() << u"active"_s << QString();
}

void TestDevice::startsAgainToWaitPolitely()
{
    QFETCH(const QString, spins);
    QFETCH(const QString, policy);
    QFETCH(const QString, wanted);
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"OPENBLAS_CORETYPE"_s, u"Zen"_s);
    environment.remove(u"GOMP_SPINCOUNT"_s);
    environment.remove(u"OMP_WAIT_POLICY"_s);
    if (!spins.isEmpty())
        environment.insert(u"GOMP_SPINCOUNT"_s, spins);
    if (!policy.isEmpty())
        environment.insert(u"OMP_WAIT_POLICY"_s, policy);
    QCOMPARE(saidByChild(environment), u"[Zen] [größe 2] [%1]"_s.arg(wanted));
}

void TestDevice::setsThreads()
{
    QVERIFY(physicalCores() >= 1);
    QVERIFY(physicalCores() <= int(std::thread::hardware_concurrency()));
    setThreads(3);
    QCOMPARE(threads(), 3);
    int inWorker = 0;
    std::thread([&] {
        setThreads(2);
        inWorker = threads();
    }).join();
    QCOMPARE(inWorker, 2);
    setThreads(2);
    std::array<std::thread::id, 2> loop; // would be one thread if OpenMP were missing where this is compiled
    at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            loop[std::size_t(i)] = std::this_thread::get_id();
    });
    QVERIFY(loop[0] != loop[1]);
    setThreads(0);
    QCOMPARE(threads(), physicalCores());
    using Count = int();
    if (auto* blasThreads = reinterpret_cast<Count*>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads")))
        QCOMPARE(blasThreads(), 1);
}

void TestDevice::choosesDevices()
{
    QVERIFY(chooseDevice(u"cpu"_s) == DeviceKind::Cpu);
    const DeviceKind automatic = chooseDevice(u"auto"_s);
    QVERIFY(chooseDevice(deviceName(automatic)) == automatic);
    if (automatic == DeviceKind::Cpu)
        QVERIFY_THROWS_EXCEPTION(Error, chooseDevice(u"cuda"_s));
    try {
        chooseDevice(u"gpu"_s);
        QFAIL("was accepted");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Input));
        QVERIFY(error.message().contains(u"gpu"_s));
    }
}

void TestDevice::describesTheMachine()
{
    const QStringList parts = machineDescription().split(u", "_s);
    QCOMPARE(parts.size(), 4);
    QVERIFY(!parts[0].isEmpty());
#ifdef __x86_64__
    QCOMPARE(parts[0].contains(u"AVX2"_s), bool(__builtin_cpu_supports("avx2")));
#endif
    QVERIFY(parts[1].startsWith(QString::number(physicalCores()) + u" core"_s));
    QCOMPARE(parts[2], u"LibTorch "_s + torchVersion());
    QVERIFY(parts[3].startsWith(u"OpenCV "_s));
    QVERIFY(torchVersion().contains(u'.'));
}

void TestDevice::measuresPeakMemory()
{
    const double before = peakMemoryMb();
    QVERIFY(before > 1.0);
    {
        std::vector<char> block(std::size_t(before + 100.0) << 20, 'x');
        QCOMPARE(block.back(), 'x');
    }
    // Still there after the block is gone.
    QVERIFY(peakMemoryMb() >= before + 90.0);
}

int main(int argc, char** argv)
{
    if (argc == 3 && std::strcmp(argv[1], kChildArgument) == 0) {
        prepareProcess(argv);
        const char* variable = std::getenv("OPENBLAS_CORETYPE");
        const char* spins = std::getenv("GOMP_SPINCOUNT");
        std::printf("[%s] [%s] [%s]", variable ? variable : "", argv[2], spins ? spins : "");
        return 0;
    }
    QCoreApplication app(argc, argv);
    TestDevice test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_device.moc"
