// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

namespace lynceus {

// Where networks run and on how many threads. The one place that decides; no torch types here, so anybody may ask.

enum class DeviceKind { Cpu, Cuda };

/// Call first thing in main(). Sets what libraries read from the environment when they are loaded, and starts the
/// program again with it; does nothing where all is set already. OPENBLAS_CORETYPE: the kernels that OpenBLAS fails to
/// pick for new Intel processors. GOMP_SPINCOUNT: OpenMP's threads soon sleep when they wait for each other; spinning
/// is as fast on a quiet machine, but beside one other busy program it made an inspection 2 to 10 times slower.
void prepareProcess(char** argv);

/// Threads for networks: 0 = one for each physical core. Also quiets OpenBLAS's own threads, which fight OpenMP.
void setThreads(int threads);
/// OpenMP keeps the number for each thread: whoever runs a network calls this first on the thread that runs it.
void useChosenThreads();
int threads();
int physicalCores();

/// While one lives, networks that are compiled or run on this thread take this many threads (0: as before), so that
/// several can run at a time.
class ThreadShare
{
public:
    explicit ThreadShare(int threads);
    ~ThreadShare();
    ThreadShare(const ThreadShare&) = delete;
    ThreadShare& operator=(const ThreadShare&) = delete;

private:
    int m_before;
};

/// While one lives, memory that was freed stays with the process. Training allocates and frees hundreds of MiB a step,
/// and getting them from the system anew costs as much time as the arithmetic. Gives back what is free at the end.
class KeepFreedMemory
{
public:
    KeepFreedMemory();
    ~KeepFreedMemory();
    KeepFreedMemory(const KeepFreedMemory&) = delete;
    KeepFreedMemory& operator=(const KeepFreedMemory&) = delete;
};

/// From "auto", "cpu" or "cuda"; throws Error(Input) on another word, or when "cuda" is asked for and not there.
DeviceKind chooseDevice(const QString& name);
QString deviceName(DeviceKind device); ///< "cpu" or "cuda"

/// "AMD EPYC, 2 cores, LibTorch 1.13.1, OpenCV 4.6.0" for run records and `bench`.
QString machineDescription();
QString torchVersion();

/// Largest resident memory of this process so far, or since resetPeakMemory(), MiB.
double peakMemoryMb();
void resetPeakMemory();

} // namespace lynceus
