// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/run_lock.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFile>
#include <QtCore/QUuid>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// tokenAtWork() holds the lock for some microseconds; a training for minutes.
constexpr int kAttempts = 20;
constexpr std::chrono::milliseconds kBetweenAttempts{5};

QString lockPath(const QString& modelFile)
{
    return modelFile + u".lock"_s;
}

Error cannotLock(const QString& modelFile, int error)
{
    return Error(ErrorKind::File,
                 QCoreApplication::translate("core", "The model %1 can't be written: %2.")
                     .arg(modelFile, qt_error_string(error)),
                 QCoreApplication::translate("core", "Choose a folder that exists, can be written and has room."));
}

/// Whether the path still leads to the open file: its last owner may have removed it since it was opened.
bool isStillThere(int file, const QByteArray& path)
{
    struct stat opened = {};
    struct stat named = {};
    return fstat(file, &opened) == 0 && stat(path.constData(), &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/// The open and locked file, or -1 with errno.
int tryLock(const QByteArray& path)
{
    // Close on exec: a child must not keep the lock of a parent that is gone.
    const int file = open(path.constData(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        return -1;
    int error = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (error == 0 && !isStillThere(file, path))
        error = EWOULDBLOCK;
    if (error == 0)
        return file;
    close(file);
    errno = error;
    return -1;
}

} // namespace

RunLock::RunLock(const QString& modelFile)
    : m_path(lockPath(modelFile))
    , m_token(QUuid::createUuid().toString(QUuid::WithoutBraces))
{
    const QByteArray path = QFile::encodeName(m_path);
    for (int attempt = 0; attempt < kAttempts && m_file < 0; ++attempt) {
        if (attempt > 0)
            std::this_thread::sleep_for(kBetweenAttempts);
        m_file = tryLock(path);
        if (m_file < 0 && errno != EWOULDBLOCK)
            throw cannotLock(modelFile, errno);
    }
    if (m_file < 0) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Another training is at work on the model %1.").arg(modelFile),
            QCoreApplication::translate("core", "Wait until it ends, cancel it, or choose another model file."));
    }
    const QByteArray text = m_token.toLatin1();
    if (ftruncate(m_file, 0) != 0 || write(m_file, text.constData(), size_t(text.size())) != ssize_t(text.size())) {
        const int error = errno;
        unlink(path.constData());
        close(m_file);
        throw cannotLock(modelFile, error);
    }
}

RunLock::~RunLock()
{
    // In this order: whoever opens the file in between finds it locked, and then gone.
    unlink(QFile::encodeName(m_path).constData());
    close(m_file);
}

QString RunLock::tokenAtWork(const QString& modelFile)
{
    if (modelFile.isEmpty())
        return {};
    const int file = open(QFile::encodeName(lockPath(modelFile)).constData(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return {};
    QString token;
    if (flock(file, LOCK_SH | LOCK_NB) != 0) {
        std::array<char, 64> text{};
        const ssize_t size = read(file, text.data(), text.size());
        token = QString::fromLatin1(text.data(), size > 0 ? qsizetype(size) : 0);
    }
    close(file);
    return token;
}

} // namespace lynceus
