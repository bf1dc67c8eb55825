// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/network_ir.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QSaveFile>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

void write(const QString& path, const QByteArray& bytes)
{
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit())
        return;
    throw Error(ErrorKind::File,
                QCoreApplication::translate("core", "%1 cannot be written: %2.").arg(path, file.errorString()),
                QCoreApplication::translate("core", "Choose a folder that can be written to, with space for the "
                                                    "weights."));
}

} // namespace

void NetworkIr::save(const QString& path) const
{
    const QFileInfo info(path);
    write(path, xml);
    write(info.path() + u'/' + info.completeBaseName() + u".bin"_s, bin);
}

} // namespace lynceus
