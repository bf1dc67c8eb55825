// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

namespace lynceus {

class Database;
class JobRunner;
class ModelStore;
class Settings;
struct SessionOptions;

/// What pages may use; handed to their constructors by the main window. The owner (AppContext) outlives every page.
struct Services
{
    Settings& settings;
    Database& database;
    ModelStore& modelStore;
    JobRunner& jobs;
    QString modelFolder;      ///< where trained models go
    QString cacheFolder = {}; ///< for what can be made again; see SessionOptions
};

/// How models are loaded that the window inspects with: the engine that the settings name, Auto when they name none
/// that there is. UI thread.
SessionOptions sessionOptions(const Services& services);

} // namespace lynceus
