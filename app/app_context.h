// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/job_runner.h"

#include <QtCore/QString>

#include <memory>

namespace lynceus {

class Database;
class ModelStore;
class Settings;

/// Builds every service once and owns it: settings, database, model store, job runner. Both programs start with one.
class AppContext
{
public:
    /// `dataHome`: folder for database, settings and models; empty: the platform's application data folder.
    /// It is made when missing. Throws Error(File | Storage) naming it.
    explicit AppContext(const QString& dataHome = {});
    ~AppContext();
    AppContext(const AppContext&) = delete;
    AppContext& operator=(const AppContext&) = delete;

    const QString& dataHome() const { return m_dataHome; }
    QString modelFolder() const; ///< where trained models go: dataHome/models
    QString cacheFolder() const; ///< what can be made again: dataHome/cache
    Settings& settings() { return *m_settings; }
    Database& database() { return *m_database; }
    ModelStore& modelStore() { return *m_modelStore; }
    JobRunner& jobs() { return *m_jobs; }

private:
    /// The absolute folder, made when missing.
    static QString resolveDataHome(const QString& dataHome);

    QString m_dataHome;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_modelStore;
    std::unique_ptr<JobRunner> m_jobs; ///< last: its jobs use the others
};

} // namespace lynceus
