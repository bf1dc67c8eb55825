// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_result_card.h"

#include "core/base/error.h"
#include "core/jobs/model_verdict.h"
#include "ui/elided_label.h"
#include "ui/theme.h"
#include "ui/verdict_badge.h"

#include <QtCore/QDir>
#include <QtCore/QJsonArray>
#include <QtCore/QLocale>
#include <QtGui/QPainter>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

/// The grade of a model as a word, a shape and a colour.
class GradeBadge : public QWidget
{
public:
    explicit GradeBadge(QWidget* parent)
        : QWidget(parent)
    {
        setObjectName(u"gradeBadge"_s);
    }

    void setGrade(ModelVerdict::Grade grade)
    {
        m_grade = grade;
        setAccessibleName(gradeName(grade));
        setFixedSize(verdictBadgeSize(verdictLook(grade)).toSize() + QSize(1, 0));
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        drawVerdictBadge(painter, QPointF(width(), 0), verdictLook(m_grade));
    }

private:
    ModelVerdict::Grade m_grade = ModelVerdict::Grade::UsableWithReview;
};

namespace {

struct Figure
{
    const char* key; ///< of EvaluationReport::toJson() and of a run's final figures
    const char* name;
};

/// In the order of interest.
constexpr Figure kFigures[] = {
    {"escape", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Escapes")},
    {"overkill", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Overkill")},
    {"image_auroc", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Image AUROC")},
    {"pixel_auroc", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "Pixel AUROC")},
    {"aupro", QT_TRANSLATE_NOOP("lynceus::RunResultCard", "AUPRO")},
};

QString figureText(double value)
{
    return QLocale().toString(value, 'f', 3);
}

} // namespace

RunResultCard::RunResultCard(QWidget* parent)
    : QFrame(parent)
    , m_badge(new GradeBadge(this))
    , m_title(new ElidedLabel(this))
    , m_headline(new QLabel(this))
    , m_reasons(new QLabel(this))
    , m_advice(new QLabel(this))
    , m_note(new QLabel(this))
    , m_figures(new QGridLayout)
    , m_measure(new QPushButton(tr("Measure on test &images"), this))
    , m_use(new QPushButton(tr("&Use for product"), this))
    , m_useThreshold(new QPushButton(tr("Use threshold"), this))
    , m_lookAtOdd(new QPushButton(tr("Look at odd images"), this))
{
    theme::setCard(this);
    theme::setRole(m_headline, theme::TextRole::Heading);
    theme::setRole(m_title, theme::TextRole::Secondary);
    theme::setRole(m_advice, theme::TextRole::Secondary);
    theme::setRole(m_note, theme::TextRole::Caption);
    m_headline->setObjectName(u"verdictHeadline"_s);
    m_reasons->setObjectName(u"verdictReasons"_s);
    m_advice->setObjectName(u"verdictAdvice"_s);
    for (QLabel* label : {m_title, m_headline, m_reasons, m_advice, m_note})
        label->setTextFormat(Qt::PlainText);
    for (QLabel* label : {m_headline, m_reasons, m_advice, m_note}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    theme::setPrimary(m_use);
    m_use->setObjectName(u"useButton"_s);
    m_use->setToolTip(tr("Make this the model of the folder's product, and inspect with it (Alt+U)"));
    m_measure->setObjectName(u"measureButton"_s);
    m_measure->setToolTip(tr("Inspect the labelled images of the folder; for the report only (Alt+I)"));
    m_useThreshold->setObjectName(u"useThresholdButton"_s);
    m_useThreshold->setToolTip(tr("Write the threshold that judges the test images best into the model file"));
    m_lookAtOdd->setObjectName(u"lookAtOddButton"_s);
    m_lookAtOdd->setToolTip(tr("Show the good images that lie far from all others; what is unticked there, the next "
                               "training leaves out"));
    m_figures->setHorizontalSpacing(12);
    m_figures->setVerticalSpacing(2);

    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(m_badge);
    head->addWidget(m_title, 1);
    head->addWidget(m_measure);
    head->addWidget(m_use);
    auto* offers = new QHBoxLayout;
    offers->setSpacing(8);
    offers->addWidget(m_useThreshold);
    offers->addWidget(m_lookAtOdd);
    offers->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(6);
    layout->addLayout(head);
    for (QLabel* label : {m_headline, m_reasons, m_advice})
        layout->addWidget(label);
    layout->addLayout(offers);
    layout->addLayout(m_figures);
    layout->addWidget(m_note);
    connect(m_measure, &QPushButton::clicked, this, &RunResultCard::measureRequested);
    connect(m_use, &QPushButton::clicked, this, [this] { Q_EMIT useRequested(m_run.modelPath, m_run.dataFolder); });
    connect(m_useThreshold, &QPushButton::clicked, this, [this] { Q_EMIT useThresholdRequested(m_betterThreshold); });
    connect(m_lookAtOdd, &QPushButton::clicked, this,
            [this] { Q_EMIT oddImagesRequested(m_run.dataFolder, m_oddNames); });
}

void RunResultCard::setRun(const RunRecord& run, const EvaluationReport* measured)
{
    m_run = run;
    m_model.reset();
    m_title->setText(run.name);
    m_title->setToolTip(QDir::toNativeSeparators(run.modelPath));
    QString note;
    if (run.state == RunRecord::State::Failed) {
        note = run.message;
    } else if (run.modelPath.isEmpty()) {
        note = tr("This run left no model.");
    } else {
        try {
            m_model = readModelInfo(run.modelPath);
        } catch (const Error& error) {
            note = error.text();
        }
    }
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
    m_measure->setVisible(isUsable());
    m_use->setVisible(isUsable());
    showVerdict(measured);
    showFigures(measured);
}

void RunResultCard::setMeasured(const EvaluationReport& measured)
{
    showVerdict(&measured);
    showFigures(&measured);
}

void RunResultCard::showVerdict(const EvaluationReport* measured)
{
    for (QWidget* widget :
         {static_cast<QWidget*>(m_badge), static_cast<QWidget*>(m_headline), static_cast<QWidget*>(m_reasons),
          static_cast<QWidget*>(m_advice), static_cast<QWidget*>(m_useThreshold), static_cast<QWidget*>(m_lookAtOdd)})
        widget->hide();
    if (!m_model)
        return;
    const ModelVerdict verdict = measured ? verdictOn(*m_model, *measured) : verdictOn(*m_model);
    m_badge->setGrade(verdict.grade);
    m_headline->setText(verdict.headline);
    m_reasons->setText(verdict.reasons.join(u'\n'));
    m_advice->setText(tr("What would help: %1").arg(verdict.advice.join(u'\n')));
    m_badge->show();
    m_headline->show();
    m_reasons->show();
    m_advice->setVisible(!verdict.advice.isEmpty());
    if (verdict.betterThreshold) {
        m_betterThreshold = *verdict.betterThreshold;
        m_useThreshold->setText(tr("Use threshold %1").arg(figureText(m_betterThreshold)));
        m_useThreshold->show();
    }
    m_oddNames.clear();
    for (const QJsonValue& name : m_model->calibration[u"odd"_s].toArray())
        m_oddNames << name.toString();
    m_lookAtOdd->setText(tr("Look at %n odd image(s)", nullptr, int(m_oddNames.size())));
    m_lookAtOdd->setVisible(!m_oddNames.isEmpty());
}

/// Those of real images above those of simulated defects.
void RunResultCard::showFigures(const EvaluationReport* measured)
{
    while (QLayoutItem* item = m_figures->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const auto add = [this](int row, int column, const QString& text, bool isFigure) {
        auto* label = new QLabel(text, this);
        if (isFigure)
            label->setFont(theme::tabularFont());
        else
            theme::setRole(label, theme::TextRole::Caption);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        m_figures->addWidget(label, row, column);
    };
    int row = 0;
    const auto addRow = [&](const QString& name, const QJsonObject& figures, double threshold) {
        if (row == 0) {
            add(0, 1, tr("Threshold"), false);
            for (int i = 0; i < int(std::size(kFigures)); ++i)
                add(0, i + 2, tr(kFigures[i].name), false);
        }
        ++row;
        add(row, 0, name, false);
        add(row, 1, figureText(threshold), true);
        for (int i = 0; i < int(std::size(kFigures)); ++i) {
            const QJsonValue value = figures.value(QLatin1String(kFigures[i].key));
            const bool isShare = i < 2;
            add(row, i + 2,
                !value.isDouble() ? u"–"_s
                : isShare         ? tr("%1 %").arg(QLocale().toString(100.0 * value.toDouble(), 'f', 1))
                                  : figureText(value.toDouble()),
                true);
        }
    };
    if (m_model && measured) {
        EvaluationReport report = *measured;
        report.judgeAt(m_model->thresholds.score);
        addRow(tr("Test images"), report.toJson(), report.threshold);
    }
    if (m_run.final.value(u"image_auroc"_s).isDouble())
        addRow(tr("Simulated defects"), m_run.final, m_run.final.value(u"threshold"_s).toDouble(std::nan("")));
    m_figures->setColumnStretch(int(std::size(kFigures)) + 2, 1);
}

} // namespace lynceus
