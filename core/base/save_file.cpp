// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/save_file.h"

#include <QtCore/QSaveFile>

namespace lynceus {

QString saveFile(const QString& path, QByteArrayView bytes)
{
    QSaveFile file(path);
    bool isWritten = file.open(QIODevice::WriteOnly);
    // Where room ends, a write takes what fits and says no reason; the next one does.
    for (qsizetype done = 0; isWritten && done < bytes.size();) {
        const qint64 count = file.write(bytes.data() + done, bytes.size() - done);
        isWritten = count > 0;
        done += count;
    }
    // Flushed before the commit, which closes the file and with it forgets the reason.
    return isWritten && file.flush() && file.commit() ? QString() : file.errorString();
}

} // namespace lynceus
