// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/align_strip.h"
#include "ui/card.h"

#include <optional>

class QComboBox;
class QLabel;
class QTimer;

namespace lynceus {

class JobRunner;
class PictureGrid;

/// Whether a training will turn the parts upright, why, and how that looks: good images before and after. Worked out in
/// the background, anew when the folder or an option that counts changes.
class AlignCard : public Card
{
    Q_OBJECT

public:
    struct Request
    {
        QString folder;
        std::vector<Sample> good;
        MemSegOptions options;
    };

    explicit AlignCard(JobRunner& jobs, QWidget* parent = nullptr);

    /// What a start would train; nothing: it would not train.
    void setRequest(std::optional<Request> request);
    /// Inactive it is hidden, and nothing is worked out.
    void setActive(bool active);
    bool isIdle() const;

Q_SIGNALS:
    void alignChosen(const QString& align); ///< "auto", "on" or "off", by the user

private:
    void stop();
    void lookSoon();
    void look();
    void showState();

    JobRunner& m_jobs;
    std::optional<Request> m_request;
    QString m_key;                     ///< tells requests apart
    std::optional<AlignStrip> m_strip; ///< of the request
    bool m_active = false;
    quint64 m_job = 0;
    QTimer* m_timer;
    QLabel* m_text;
    QComboBox* m_choice;
    PictureGrid* m_pictures;
};

} // namespace lynceus
