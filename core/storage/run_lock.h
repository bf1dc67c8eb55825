// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

namespace lynceus {

/// Says that a training is at work on a model file: a lock on `<model>.lock`, which the system drops when its process
/// ends, however it ends. A number of a process would not do: it is used again, and means nothing in another container.
/// The file holds a token, so that one can tell which run is at work.
class RunLock
{
public:
    /// Throws Error(Input) when another training, of this or another process, has the model file, and Error(File) when
    /// nothing can be written beside it.
    explicit RunLock(const QString& modelFile);
    ~RunLock(); ///< removes the file
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

    const QString& token() const { return m_token; } ///< of this lock alone
    /// The token of the one at work on `modelFile`; empty when nobody is.
    static QString tokenAtWork(const QString& modelFile);

private:
    QString m_path;
    QString m_token;
    int m_file = -1;
};

} // namespace lynceus
