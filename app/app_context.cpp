// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/app_context.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QStandardPaths>

namespace lynceus {

using namespace Qt::StringLiterals;

QString AppContext::resolveDataHome(const QString& dataHome)
{
    const QString path = dataHome.isEmpty()
                             ? QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/Lynceus"_s
                             : QDir(dataHome).absolutePath();
    if (!QDir().mkpath(path)) {
        throw Error(ErrorKind::File, QCoreApplication::translate("app", "The data folder %1 cannot be made.").arg(path),
                    QCoreApplication::translate("app", "Choose a folder you may write to with --data-home."));
    }
    return path;
}

AppContext::AppContext(const QString& dataHome)
    : m_dataHome(resolveDataHome(dataHome))
    , m_settings(std::make_unique<Settings>(m_dataHome + u"/settings.ini"_s))
    , m_database(std::make_unique<Database>(m_dataHome + u"/lynceus.db"_s))
    , m_modelStore(std::make_unique<ModelStore>(ModelStore::defaultBuiltInFolder(), modelFolder()))
    , m_jobs(std::make_unique<JobRunner>())
{
}

AppContext::~AppContext() = default;

QString AppContext::cacheFolder() const
{
    return m_dataHome + u"/cache"_s;
}

QString AppContext::modelFolder() const
{
    return m_dataHome + u"/models"_s;
}

} // namespace lynceus
