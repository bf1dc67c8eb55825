// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/odd_images.h"
#include "ui/services.h"

#include <QtWidgets/QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace lynceus {

class OddImageModel;

/// Which good images look unlike all others, and which of them a training leaves out. What is left out is remembered
/// for each folder.
class OddImagesPanel : public QWidget
{
    Q_OBJECT

public:
    explicit OddImagesPanel(const Services& services, QWidget* parent = nullptr);

    /// The good images of the folder; brings back what was left out of it.
    void setFolder(const QString& folder, const std::vector<Sample>& good);
    void clear(); ///< there is no folder
    /// Ranks the folder's images in the background. Throws Error when the encoder of `options` is missing.
    void look(const AnomalyFolder& folder, MemSegOptions options);
    /// Those that the calibration of a model found odd, instead of a ranking.
    void showNames(const QStringList& names);
    /// Names of those that are left out, all of them in the folder, as MemSegOptions::exclude takes them.
    QString excluded() const;
    int excludedCount() const;
    bool isLooking() const { return m_job != 0; }
    bool isIdle() const;

Q_SIGNALS:
    void excludedChanged();
    void lookingChanged();
    void openRequested(const QString& image); ///< absolute path

private:
    void showState();

    Services m_services;
    QString m_folder;
    quint64 m_job = 0;
    enum class Shown { LeftOut, Ranking, Named } m_shown = Shown::LeftOut;
    int m_missing = 0; ///< of those named
    OddImageModel* m_images;
    QLabel* m_text;
    QProgressBar* m_bar;
    QPushButton* m_cancel;
};

} // namespace lynceus
