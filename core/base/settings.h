// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QObject>
#include <QtCore/QSettings>
#include <QtCore/QStringList>

namespace lynceus {

/// Typed access to the user's settings (INI file in the data home). Lives on the main thread.
/// Values that pages follow at run time have a change signal.
class Settings : public QObject
{
    Q_OBJECT

public:
    enum class Theme { System, Light, Dark };

    /// `file`: path of the INI file; it is created on the first write.
    explicit Settings(const QString& file, QObject* parent = nullptr);

    Theme theme() const;
    void setTheme(Theme theme);

    /// True: cividis-like colours (safe for colour-blind eyes); false: inferno-like.
    bool colorBlindMap() const;
    void setColorBlindMap(bool on);

    int threads() const; ///< 0 = one for each physical core
    void setThreads(int threads);

    /// What runs networks, by engineName(): "auto" unless set.
    QString engine() const;
    void setEngine(const QString& name);

    /// Newest first, at most ten, without duplicates.
    QStringList recentFolders() const;
    void addRecentFolder(const QString& folder);

    /// Model file last used by the Inspect page; empty at first start.
    QString lastModel() const;
    void setLastModel(const QString& path);

    /// The product opened last; 0: none is open.
    qint64 lastProduct() const;
    void setLastProduct(qint64 id);

    /// How defects are simulated when a model is trained on this folder: options that differ from their defaults.
    QJsonObject defectOptions(const QString& folder) const;
    void setDefectOptions(const QString& folder, const QJsonObject& options);

    /// Options of the training set up last, as MemSegOptions::toJson() has them; empty: none.
    QJsonObject trainingOptions() const;
    void setTrainingOptions(const QJsonObject& options);

    /// Good images of this folder that no model is to learn from, as Sample::name.
    QStringList excludedImages(const QString& folder) const;
    void setExcludedImages(const QString& folder, const QStringList& names);

    /// The images of `from` are now in `to`: what is remembered for them goes with them, unless `to` has its own.
    void followFolder(const QString& from, const QString& to);

    /// Opaque window and splitter state by name.
    QByteArray layout(const QString& name) const;
    void setLayout(const QString& name, const QByteArray& state);
    void clearLayouts();

Q_SIGNALS:
    void themeChanged();
    void colorBlindMapChanged();
    void engineChanged();
    void recentFoldersChanged();

private:
    QSettings m_settings;
};

} // namespace lynceus
