// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_result_card.h"

#include "core/base/error.h"
#include "core/weights/model_file.h"
#include "ui/elided_label.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QLocale>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

struct Figure
{
    const char* key;
    const char* name;
};

/// What a training measures at its end, in the order of interest.
constexpr Figure kFigures[] = {
    {"image_auroc", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Image AUROC")},
    {"pixel_auroc", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Pixel AUROC")},
    {"aupro", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "AUPRO")},
    {"f1", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "F1")},
    {"overkill", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Overkill")},
    {"escape", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Escapes")},
};

QString figureText(double value)
{
    return QLocale().toString(value, 'f', 3);
}

} // namespace

RunResultCard::RunResultCard(QWidget* parent)
    : QFrame(parent)
    , m_title(new ElidedLabel(this))
    , m_note(new QLabel(this))
    , m_figures(new QGridLayout)
    , m_measure(new QPushButton(tr("Measure on test &images"), this))
    , m_use(new QPushButton(tr("&Use for product"), this))
{
    theme::setCard(this);
    theme::setRole(m_title, theme::TextRole::Heading);
    theme::setRole(m_note, theme::TextRole::Caption);
    for (QLabel* label : {m_title, m_note})
        label->setTextFormat(Qt::PlainText);
    m_note->setWordWrap(true);
    theme::setPrimary(m_use);
    m_use->setObjectName(u"useButton"_s);
    m_use->setToolTip(tr("Make this the model of the folder's product, and inspect with it (Alt+U)"));
    m_measure->setObjectName(u"measureButton"_s);
    m_measure->setToolTip(tr("Inspect the labelled images of the folder; for the report only (Alt+I)"));
    m_figures->setHorizontalSpacing(16);
    m_figures->setVerticalSpacing(2);

    auto* head = new QHBoxLayout;
    head->addWidget(m_title, 1);
    head->addWidget(m_measure);
    head->addWidget(m_use);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(8);
    layout->addLayout(head);
    layout->addLayout(m_figures);
    layout->addWidget(m_note);
    connect(m_measure, &QPushButton::clicked, this, &RunResultCard::measureRequested);
    connect(m_use, &QPushButton::clicked, this, [this] { Q_EMIT useRequested(m_run.modelPath, m_run.dataFolder); });
}

void RunResultCard::setRun(const RunRecord& run)
{
    m_run = run;
    while (QLayoutItem* item = m_figures->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_title->setText(run.name);
    for (const Figure& figure : kFigures) {
        const QJsonValue value = run.final.value(QLatin1String(figure.key));
        if (value.isDouble())
            addFigure(tr(figure.name), figureText(value.toDouble()));
    }

    QString note;
    m_usable = false;
    if (run.state == RunRecord::State::Failed) {
        note = run.message;
    } else if (run.modelPath.isEmpty()) {
        note = tr("This run left no model.");
    } else {
        try {
            const ModelInfo info = readModelInfo(run.modelPath);
            addFigure(tr("Thresholds"),
                      u"%1, %2"_s.arg(figureText(info.thresholds.score), figureText(info.thresholds.pixel)),
                      tr("Of the image score, and of the heat map"));
            note = tr("Measured on held-out good parts and simulated defects, not on real ones.");
            m_usable = true;
        } catch (const Error& error) {
            note = error.text();
        }
    }
    m_note->setText(note);
    m_title->setToolTip(QDir::toNativeSeparators(run.modelPath));
    m_measure->setVisible(m_usable);
    m_use->setVisible(m_usable);
}

void RunResultCard::addFigure(const QString& name, const QString& value, const QString& toolTip)
{
    const int index = m_figures->count() / 2;
    auto* nameLabel = new QLabel(name, this);
    theme::setRole(nameLabel, theme::TextRole::Caption);
    auto* valueLabel = new QLabel(value, this);
    for (QLabel* label : {nameLabel, valueLabel})
        label->setToolTip(toolTip);
    valueLabel->setFont(theme::tabularFont());
    valueLabel->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_figures->addWidget(nameLabel, 0, index);
    m_figures->addWidget(valueLabel, 1, index);
}

} // namespace lynceus
