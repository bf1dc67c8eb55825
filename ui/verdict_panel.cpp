// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/verdict_panel.h"

#include "ui/region_table_model.h"
#include "ui/theme.h"
#include "ui/verdict_badge.h"

#include <QtGui/QPainter>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTableView>

#include <algorithm>
#include <array>

namespace lynceus {

using namespace Qt::StringLiterals;
using theme::Token;

namespace {

constexpr int kRegionHeight = 26;
constexpr std::size_t kAlignStage = 1; ///< among the times; shown where the model turns parts upright

/// The word with its shape, readable from a few steps away, and the score as a bar against the threshold.
class VerdictHeader final : public QWidget
{
public:
    explicit VerdictHeader(QWidget* parent)
        : QWidget(parent)
    {
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    }

    void show(const VerdictLook& look, const QString& file, bool haveScore, double score)
    {
        m_look = look;
        m_file = file;
        m_haveScore = haveScore;
        m_score = score;
        setFixedHeight(haveScore ? 112 : 64);
        setToolTip(file);
        setAccessibleName(haveScore ? VerdictPanel::tr("%1, score %2").arg(look.word).arg(score, 0, 'f', 3)
                                    : look.word);
        update();
    }

    void setThreshold(double threshold)
    {
        m_threshold = threshold;
        update();
    }

    const VerdictLook& look() const { return m_look; }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        drawWord(painter);
        if (m_haveScore)
            drawScore(painter);
    }

private:
    void drawWord(QPainter& painter) const
    {
        const bool verdict = m_look.shape != VerdictLook::Shape::None;
        QFont big = font();
        big.setPixelSize(verdict ? 30 : 20);
        big.setWeight(QFont::Bold);
        painter.setFont(big);
        double x = 0.0;
        if (verdict) {
            drawVerdictShape(painter, QRectF(1, 10, 22, 22), m_look.shape, m_look.color);
            x = 32.0;
        }
        painter.setPen(m_look.color);
        painter.drawText(QRectF(x, 0, width() - x, 42), Qt::AlignVCenter, m_look.word);
        painter.setFont(theme::captionFont());
        painter.setPen(theme::color(Token::Secondary));
        painter.drawText(QRectF(0, 42, width(), 18), Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(m_file, Qt::ElideMiddle, width()));
    }

    void drawScore(QPainter& painter) const
    {
        const QRectF line(0, 66, width(), 18);
        painter.setFont(theme::tabularFont());
        painter.setPen(theme::color(Token::Text));
        painter.drawText(line, Qt::AlignVCenter | Qt::AlignLeft,
                         VerdictPanel::tr("Score %1").arg(locale().toString(m_score, 'f', 3)));
        painter.setPen(theme::color(Token::Secondary));
        painter.drawText(line, Qt::AlignVCenter | Qt::AlignRight,
                         VerdictPanel::tr("threshold %1").arg(locale().toString(m_threshold, 'f', 3)));
        const QRectF bar(0, 90, width(), 8);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme::color(Token::Line));
        painter.drawRoundedRect(bar, 3, 3);
        QRectF filled = bar;
        filled.setWidth(bar.width() * std::clamp(m_score, 0.0, 1.0));
        painter.setBrush(m_look.color);
        painter.drawRoundedRect(filled, 3, 3);
        const double x = std::clamp(m_threshold, 0.0, 1.0) * (bar.width() - 2.0);
        painter.setBrush(theme::color(Token::Panel));
        painter.drawRect(QRectF(x - 1.0, bar.top() - 3, 4, bar.height() + 6));
        painter.setBrush(theme::color(Token::Text));
        painter.drawRect(QRectF(x, bar.top() - 3, 2, bar.height() + 6));
    }

    VerdictLook m_look;
    QString m_file;
    bool m_haveScore = false;
    double m_score = 0.0;
    double m_threshold = 0.5;
};

QLabel* makeHeading(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    theme::setRole(label, theme::TextRole::Heading);
    return label;
}

QString truthText(const ImageItem& item)
{
    if (item.sample.truth == Truth::Unknown)
        return VerdictPanel::tr("not known");
    const bool good = item.sample.truth == Truth::Good;
    QString text = good ? VerdictPanel::tr("good") : VerdictPanel::tr("defective");
    if (!good && !item.sample.defect.isEmpty())
        text = item.sample.defect;
    if (item.escape())
        return VerdictPanel::tr("%1 — an escape").arg(text);
    if (item.overkill())
        return VerdictPanel::tr("%1 — overkill").arg(text);
    return text;
}

} // namespace

struct VerdictPanel::Private
{
    VerdictHeader* header = nullptr;
    QLabel* message = nullptr;
    QPushButton* train = nullptr;
    QPushButton* model = nullptr;
    QLabel* regionsHeading = nullptr;
    QTableView* regionsTable = nullptr;
    RegionTableModel* regions = nullptr;
    QWidget* facts = nullptr;   ///< what is known without an inspection
    QWidget* details = nullptr; ///< what an inspection tells
    QLabel* truth = nullptr;
    QLabel* nearest = nullptr;
    std::array<QLabel*, 6> times{};
    QWidget* alignCaption = nullptr;
    bool haveModel = false;
    bool loading = false;
    bool haveItem = false;
    QString error;

    void showMessage();
};

void VerdictPanel::Private::showMessage()
{
    const bool needModel = !haveModel && !loading;
    train->setVisible(needModel && haveItem);
    model->setVisible(needModel);
    message->setText(!error.isEmpty() ? error
                     : loading        ? VerdictPanel::tr("The model is being loaded…")
                     : needModel      ? VerdictPanel::tr("No model is loaded, so images are shown without a verdict. "
                                                              "Train one on the good images of this folder, or open one.")
                                      : QString());
    message->setVisible(!message->text().isEmpty());
}

VerdictPanel::VerdictPanel(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    setMinimumWidth(220);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 8, 12, 12);
    layout->setSpacing(8);

    d->header = new VerdictHeader(this);
    layout->addWidget(d->header);
    d->message = new QLabel(this);
    d->message->setWordWrap(true);
    d->message->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(d->message);
    d->train = new QPushButton(tr("Train a model for this folder"), this);
    d->train->setToolTip(tr("Opens the Train page with this folder"));
    theme::setPrimary(d->train);
    layout->addWidget(d->train);
    d->model = new QPushButton(tr("Open a model…"), this);
    d->model->setToolTip(tr("Choose a model file (.safetensors)"));
    layout->addWidget(d->model);

    d->regionsHeading = makeHeading(tr("Regions"), this);
    d->regionsHeading->setWordWrap(true);
    layout->addWidget(d->regionsHeading);
    d->regions = new RegionTableModel(this);
    d->regionsTable = new QTableView(this);
    d->regionsTable->setModel(d->regions);
    d->regionsTable->setAccessibleName(tr("Regions of the image"));
    d->regionsTable->setSelectionBehavior(QAbstractItemView::SelectRows);
    d->regionsTable->setSelectionMode(QAbstractItemView::SingleSelection);
    d->regionsTable->setShowGrid(false);
    d->regionsTable->setWordWrap(false);
    d->regionsTable->setTabKeyNavigation(false);
    d->regionsTable->verticalHeader()->hide();
    d->regionsTable->verticalHeader()->setDefaultSectionSize(kRegionHeight);
    d->regionsTable->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    d->regionsTable->horizontalHeader()->setSectionResizeMode(RegionTableModel::Number, QHeaderView::Fixed);
    d->regionsTable->horizontalHeader()->resizeSection(RegionTableModel::Number, 30);
    d->regionsTable->horizontalHeader()->setSectionResizeMode(RegionTableModel::Place, QHeaderView::ResizeToContents);
    d->regionsTable->horizontalHeader()->setHighlightSections(false);
    d->regionsTable->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    layout->addWidget(d->regionsTable, 100);

    const auto addGroup = [&] {
        auto* group = new QWidget(this);
        auto* grid = new QGridLayout(group);
        grid->setContentsMargins(0, 0, 0, 0);
        grid->setHorizontalSpacing(8);
        grid->setVerticalSpacing(5);
        grid->setColumnStretch(1, 1);
        layout->addWidget(group);
        return grid;
    };
    const auto addFact = [](QGridLayout* grid, const QString& name) {
        auto* caption = new QLabel(name, grid->parentWidget());
        theme::setRole(caption, theme::TextRole::Secondary);
        auto* value = new QLabel(grid->parentWidget());
        value->setFont(theme::tabularFont());
        value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        value->setWordWrap(true);
        const int row = grid->rowCount();
        grid->addWidget(caption, row, 0);
        grid->addWidget(value, row, 1);
        return value;
    };
    QGridLayout* facts = addGroup();
    d->facts = facts->parentWidget();
    d->truth = addFact(facts, tr("Known truth"));
    d->truth->setToolTip(tr("What the folder says about this image"));
    QGridLayout* details = addGroup();
    d->details = details->parentWidget();
    d->nearest = addFact(details, tr("Nearest good part"));
    d->nearest->setToolTip(tr("The good part in the model's memory that this image was compared with"));
    details->addWidget(makeHeading(tr("Time"), d->details), details->rowCount(), 0, 1, 2);
    const std::array<QString, 6> stages{tr("load"),  tr("align"),   tr("prepare"),
                                        tr("infer"), tr("regions"), tr("total")};
    for (std::size_t i = 0; i < stages.size(); ++i) {
        d->times[i] = addFact(details, stages[i]);
        d->times[i]->setAccessibleName(stages[i]);
        if (i == kAlignStage)
            d->alignCaption = details->itemAtPosition(details->rowCount() - 1, 0)->widget();
    }
    d->times[kAlignStage]->setToolTip(tr("Finding the part and turning it upright"));
    layout->addStretch(1);

    connect(d->train, &QPushButton::clicked, this, &VerdictPanel::trainRequested);
    connect(d->model, &QPushButton::clicked, this, &VerdictPanel::modelRequested);
    const auto activate = [this](const QModelIndex& index) {
        const cv::Rect box = d->regions->region(index.row()).box;
        Q_EMIT regionActivated(QRect(box.x, box.y, box.width, box.height));
    };
    connect(d->regionsTable, &QTableView::clicked, this, activate);
    connect(d->regionsTable, &QTableView::activated, this, activate);
    setItem(nullptr);
}

VerdictPanel::~VerdictPanel() = default;

void VerdictPanel::setItem(const ImageItem* item)
{
    const bool shown = item && item->judged && !item->failed();
    d->haveItem = item != nullptr;
    d->error = item ? item->error : QString();
    if (item)
        d->header->show(verdictLook(*item), item->sample.name, shown, item->result.score);
    else
        d->header->show({tr("No image"), theme::color(Token::Secondary), VerdictLook::Shape::None}, {}, false, 0.0);
    d->regions->setRegions(shown ? item->result.regions : std::vector<Region>());
    const int count = d->regions->rowCount();
    // Without its map an image that is no longer OK has none yet.
    const QString problem = shown ? item->result.problem : QString();
    if (!problem.isEmpty())
        d->regionsHeading->setText(tr("Not judged, so NG: %1").arg(problem));
    else
        d->regionsHeading->setText(shown && item->result.verdict == Verdict::Ok ? tr("No regions") : tr("Regions"));
    d->regionsHeading->setVisible(shown);
    d->regionsTable->setVisible(shown && count > 0);
    // As high as its rows, so that the facts follow at once.
    d->regionsTable->setMaximumHeight(d->regionsTable->horizontalHeader()->sizeHint().height() + count * kRegionHeight +
                                      2);
    d->facts->setVisible(item != nullptr);
    d->details->setVisible(shown);
    if (item) {
        const StageTimes& times = item->result.times;
        const std::array<double, 6> ms{times.load, times.align, times.prepare, times.infer, times.post, times.total()};
        for (std::size_t i = 0; i < ms.size(); ++i)
            d->times[i]->setText(shown ? tr("%1 ms").arg(locale().toString(ms[i], 'f', 1)) : u"–"_s);
        d->alignCaption->setVisible(times.align > 0.0);
        d->times[kAlignStage]->setVisible(times.align > 0.0);
        d->truth->setText(truthText(*item));
        const int nearest = shown ? item->result.nearestGood : -1;
        d->nearest->setText(nearest < 0 ? u"–"_s : tr("no. %1").arg(nearest + 1));
    }
    d->showMessage();
}

void VerdictPanel::setThresholds(const Thresholds& thresholds)
{
    d->header->setThreshold(thresholds.score);
}

void VerdictPanel::setModelState(bool haveModel, bool loading)
{
    d->haveModel = haveModel;
    d->loading = loading;
    d->showMessage();
}

QString VerdictPanel::word() const
{
    return d->header->look().word;
}

} // namespace lynceus
