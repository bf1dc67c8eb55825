// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/device.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFile>

#include <opencv2/core/utility.hpp>

#include <torch/cuda.h>
#include <torch/version.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

std::atomic<int> chosenThreads{0}; ///< 0: nobody chose yet
thread_local int threadShare = 0;  ///< 0: as chosen

/// A function of the BLAS library of this process; null when that is not OpenBLAS.
template <class Function>
Function* openBlas(const char* name)
{
#ifdef __linux__
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
#else
    Q_UNUSED(name)
    return nullptr;
#endif
}

bool hasAvx512()
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

/// OpenBLAS's names of kernels that know no AVX.
bool isOldCore(const QByteArray& core)
{
    static const QByteArrayList kOldCores{"prescott", "core2",     "penryn", "dunnington", "nehalem",   "atom",
                                          "opteron",  "barcelona", "bobcat", "nano",       "generic",   "unknown",
                                          "banias",   "northwood", "athlon", "katmai",     "coppermine"};
    const QByteArray name = core.toLower();
    return std::any_of(kOldCores.begin(), kOldCores.end(), [&](const QByteArray& old) { return name.startsWith(old); });
}

/// The value behind `key :` in one of Linux's text files about itself; empty when there is none.
QString procValue(const QString& path, const QString& key)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const auto lines = QString::fromUtf8(file.readAll()).split(u'\n');
    for (const QString& line : lines) {
        if (line.startsWith(key))
            return line.section(u':', 1).trimmed();
    }
    return {};
}

/// Those that networks are computed with, each including the ones before it.
QStringList vectorInstructions()
{
    QStringList names;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        names.append(u"AVX2"_s);
    if (__builtin_cpu_supports("avx512f"))
        names.append(u"AVX512"_s);
    if (__builtin_cpu_supports("avx512vnni") || __builtin_cpu_supports("avxvnni"))
        names.append(u"VNNI"_s);
    if (__builtin_cpu_supports("avx512bf16"))
        names.append(u"BF16"_s);
#endif
    return names;
}

} // namespace

void prepareProcess(char** argv)
{
#ifdef __linux__
    // The variables also tell the second start from the first.
    bool again = false;
    const auto set = [&again](const char* variable, const char* value) {
        setenv(variable, value, 1);
        again = true;
    };
    const auto coreName = openBlas<char*()>("openblas_get_corename");
    if (coreName && !std::getenv("OPENBLAS_CORETYPE") && hasAvx512() && isOldCore(coreName()))
        set("OPENBLAS_CORETYPE", "SkylakeX");
    if (!std::getenv("GOMP_SPINCOUNT") && !std::getenv("OMP_WAIT_POLICY"))
        set("GOMP_SPINCOUNT", "1000");
    if (!again)
        return;
    execv("/proc/self/exe", argv);
    qCWarning(logModel, "Could not start again with better settings; networks run slower than they could.");
#else
    Q_UNUSED(argv)
#endif
}

void setThreads(int threads)
{
    chosenThreads = threads > 0 ? threads : physicalCores();
    useChosenThreads();
    if (const auto setBlasThreads = openBlas<void(int)>("openblas_set_num_threads"))
        setBlasThreads(1);
}

void useChosenThreads()
{
    if (at::get_num_threads() != threads())
        at::set_num_threads(threads());
}

ThreadShare::ThreadShare(int threads)
    : m_before(std::exchange(threadShare, threads > 0 ? threads : threadShare))
{
}

ThreadShare::~ThreadShare()
{
    threadShare = m_before; // LibTorch's number stays: changing it for each image would empty oneDNN's caches
}

int threads()
{
    const int chosen = threadShare > 0 ? threadShare : int(chosenThreads);
    return chosen > 0 ? chosen : at::get_num_threads();
}

int physicalCores()
{
#ifdef __linux__
    // Only the processors this process may use: a container often gets a few of many.
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        std::set<QByteArray> cores;
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (!CPU_ISSET(cpu, &allowed))
                continue;
            QFile siblings(u"/sys/devices/system/cpu/cpu%1/topology/thread_siblings_list"_s.arg(cpu));
            cores.insert(siblings.open(QIODevice::ReadOnly) ? siblings.readAll() : QByteArray::number(cpu));
        }
        if (!cores.empty())
            return int(cores.size());
    }
#endif
    return std::max(1, int(std::thread::hardware_concurrency()));
}

#ifdef __GLIBC__
namespace {
std::mutex keepersMutex;
int keepers = 0;                  ///< trainings may overlap; guarded by keepersMutex
constexpr int kUsualMaps = 65536; ///< glibc's defaults
constexpr int kUsualTrim = 128 * 1024;

} // namespace

KeepFreedMemory::KeepFreedMemory()
{
    const std::lock_guard lock(keepersMutex);
    if (keepers++ == 0) {
        mallopt(M_MMAP_MAX, 0);
        mallopt(M_TRIM_THRESHOLD, -1);
    }
}

KeepFreedMemory::~KeepFreedMemory()
{
    const std::lock_guard lock(keepersMutex);
    if (--keepers == 0) {
        mallopt(M_MMAP_MAX, kUsualMaps);
        mallopt(M_TRIM_THRESHOLD, kUsualTrim);
        malloc_trim(0);
    }
}
#else
KeepFreedMemory::KeepFreedMemory() = default;
KeepFreedMemory::~KeepFreedMemory() = default;
#endif

DeviceKind chooseDevice(const QString& name)
{
    if (name == "cpu"_L1)
        return DeviceKind::Cpu;
    if (name != "cuda"_L1 && name != "auto"_L1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "\"%1\" is not a device.").arg(name),
                    QCoreApplication::translate("core", "Use auto, cpu or cuda."));
    }
    if (torch::cuda::is_available())
        return DeviceKind::Cuda;
    if (name == "cuda"_L1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is no CUDA device for this program."),
                    QCoreApplication::translate("core", "Use cpu, or install a LibTorch with CUDA and a driver."));
    }
    return DeviceKind::Cpu;
}

QString deviceName(DeviceKind device)
{
    return device == DeviceKind::Cuda ? u"cuda"_s : u"cpu"_s;
}

QString machineDescription()
{
    QString processor = procValue(u"/proc/cpuinfo"_s, u"model name"_s);
    if (processor.isEmpty())
        processor = QSysInfo::currentCpuArchitecture();
    // Virtual machines call different processors by one name.
    if (const QStringList instructions = vectorInstructions(); !instructions.isEmpty())
        processor += u" (%1)"_s.arg(instructions.join(u' '));
    const int cores = physicalCores();
    return u"%1, %2 %3, LibTorch %4, OpenCV %5"_s.arg(processor, QString::number(cores),
                                                      cores == 1 ? u"core"_s : u"cores"_s, torchVersion(),
                                                      QString::fromStdString(cv::getVersionString()));
}

QString torchVersion()
{
    return QStringLiteral(TORCH_VERSION);
}

void resetPeakMemory()
{
    // Linux keeps the high-water mark for the process and sets it anew for this number (proc(5), clear_refs).
    QFile file(u"/proc/self/clear_refs"_s);
    if (file.open(QIODevice::WriteOnly))
        file.write("5");
}

double peakMemoryMb()
{
    return procValue(u"/proc/self/status"_s, u"VmHWM"_s).section(u' ', 0, 0).toDouble() / 1024.0;
}

} // namespace lynceus
