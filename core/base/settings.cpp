// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/settings.h"

#include <QtCore/QDir>
#include <QtCore/QJsonDocument>
#include <QtCore/QUrl>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// A path has slashes, which would nest groups.
QString folderKey(const QString& group, const QString& folder)
{
    return group + u'/' + QString::fromLatin1(QUrl::toPercentEncoding(QDir(folder).absolutePath()));
}

} // namespace

Settings::Settings(const QString& file, QObject* parent)
    : QObject(parent)
    , m_settings(file, QSettings::IniFormat)
{
}

Settings::Theme Settings::theme() const
{
    const QString name = m_settings.value(u"theme"_s, u"system"_s).toString();
    return name == u"light" ? Theme::Light : name == u"dark" ? Theme::Dark : Theme::System;
}

void Settings::setTheme(Theme theme)
{
    if (theme == this->theme())
        return;
    m_settings.setValue(u"theme"_s, theme == Theme::Light  ? u"light"_s
                                    : theme == Theme::Dark ? u"dark"_s
                                                           : u"system"_s);
    Q_EMIT themeChanged();
}

bool Settings::colorBlindMap() const
{
    return m_settings.value(u"colorBlindMap"_s, false).toBool();
}

void Settings::setColorBlindMap(bool on)
{
    if (on == colorBlindMap())
        return;
    m_settings.setValue(u"colorBlindMap"_s, on);
    Q_EMIT colorBlindMapChanged();
}

int Settings::threads() const
{
    return std::clamp(m_settings.value(u"threads"_s, 0).toInt(), 0, 1024);
}

void Settings::setThreads(int threads)
{
    m_settings.setValue(u"threads"_s, threads);
}

QString Settings::engine() const
{
    return m_settings.value(u"engine"_s, u"auto"_s).toString();
}

void Settings::setEngine(const QString& name)
{
    if (name == engine())
        return;
    m_settings.setValue(u"engine"_s, name);
    Q_EMIT engineChanged();
}

QStringList Settings::recentFolders() const
{
    return m_settings.value(u"recentFolders"_s).toStringList();
}

void Settings::addRecentFolder(const QString& folder)
{
    const QString path = QDir(folder).absolutePath();
    QStringList folders = recentFolders();
    folders.removeAll(path);
    folders.prepend(path);
    while (folders.size() > 10)
        folders.removeLast();
    m_settings.setValue(u"recentFolders"_s, folders);
    Q_EMIT recentFoldersChanged();
}

QString Settings::lastModel() const
{
    return m_settings.value(u"lastModel"_s).toString();
}

void Settings::setLastModel(const QString& path)
{
    m_settings.setValue(u"lastModel"_s, path);
}

qint64 Settings::lastProduct() const
{
    return m_settings.value(u"lastProduct"_s).toLongLong();
}

void Settings::setLastProduct(qint64 id)
{
    m_settings.setValue(u"lastProduct"_s, id);
}

QJsonObject Settings::defectOptions(const QString& folder) const
{
    return QJsonDocument::fromJson(m_settings.value(folderKey(u"defects"_s, folder)).toByteArray()).object();
}

void Settings::setDefectOptions(const QString& folder, const QJsonObject& options)
{
    if (options.isEmpty())
        m_settings.remove(folderKey(u"defects"_s, folder));
    else
        m_settings.setValue(folderKey(u"defects"_s, folder), QJsonDocument(options).toJson(QJsonDocument::Compact));
}

QJsonObject Settings::trainingOptions() const
{
    return QJsonDocument::fromJson(m_settings.value(u"training/options"_s).toByteArray()).object();
}

void Settings::setTrainingOptions(const QJsonObject& options)
{
    m_settings.setValue(u"training/options"_s, QJsonDocument(options).toJson(QJsonDocument::Compact));
}

QStringList Settings::excludedImages(const QString& folder) const
{
    return m_settings.value(folderKey(u"excluded"_s, folder)).toStringList();
}

void Settings::setExcludedImages(const QString& folder, const QStringList& names)
{
    const QString key = folderKey(u"excluded"_s, folder);
    if (names.isEmpty())
        m_settings.remove(key);
    else
        m_settings.setValue(key, names);
}

void Settings::followFolder(const QString& from, const QString& to)
{
    if (defectOptions(to).isEmpty())
        setDefectOptions(to, defectOptions(from));
    if (excludedImages(to).isEmpty())
        setExcludedImages(to, excludedImages(from));
}

QByteArray Settings::layout(const QString& name) const
{
    return m_settings.value(u"layout/"_s + name).toByteArray();
}

void Settings::setLayout(const QString& name, const QByteArray& state)
{
    m_settings.setValue(u"layout/"_s + name, state);
}

void Settings::clearLayouts()
{
    m_settings.remove(u"layout"_s);
}

} // namespace lynceus
