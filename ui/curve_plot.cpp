// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// QCustomPlot's header says foreach, which the rest of the project does without. Qt must hear of it first.
#undef QT_NO_FOREACH

#include "ui/curve_plot.h"

#include "core/base/error.h"
#include "core/metrics/roc.h"
#include "ui/theme.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QSaveFile>
#include <QtGui/QActionGroup>
#include <QtGui/QKeyEvent>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QMenu>
#include <QtWidgets/QToolTip>
#include <QtWidgets/QVBoxLayout>

#include <qcustomplot.h>

#include <array>
#include <cmath>
#include <map>

namespace lynceus {

using namespace Qt::StringLiterals;
using theme::Token;

namespace {

constexpr int kBins = 50;
constexpr int kGrabDistance = 8; // pixels around the threshold line
constexpr int kLegendLine = 24;  // pixels
constexpr int kComparedInALine = 3;

QCustomPlot* makePlot(QWidget* parent)
{
    auto* plot = new QCustomPlot(parent);
    plot->setFocusPolicy(Qt::NoFocus);
    plot->setContextMenuPolicy(Qt::CustomContextMenu);
    plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot->setNoAntialiasingOnDrag(true);
    auto* layout = new QVBoxLayout(parent);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(plot);
    return plot;
}

void styleAxis(QCPAxis* axis)
{
    const QPen line(theme::color(Token::Line), 1);
    axis->setBasePen(line);
    axis->setTickPen(line);
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLengthIn(0);
    axis->setTickLengthOut(3);
    axis->setTickLabelColor(theme::color(Token::Secondary));
    axis->setTickLabelFont(theme::captionFont());
    axis->setLabelColor(theme::color(Token::Secondary));
    axis->setLabelFont(theme::captionFont());
    axis->grid()->setPen(line);
    axis->grid()->setZeroLinePen(Qt::NoPen);
    axis->grid()->setSubGridVisible(false);
}

/// In a row of its own above the curves rather than on them.
void placeLegendAbove(QCustomPlot* plot)
{
    plot->legend->setVisible(true);
    plot->legend->setFillOrder(QCPLegend::foColumnsFirst);
    plot->axisRect()->insetLayout()->take(plot->legend);
    plot->plotLayout()->insertRow(0);
    plot->plotLayout()->addElement(0, 0, plot->legend);
    plot->plotLayout()->setRowStretchFactor(0, 0.001);
    plot->plotLayout()->setRowSpacing(0);
    plot->legend->setMargins(QMargins(0, 0, 0, 0));
    plot->legend->setMaximumSize(10000,
                                 kLegendLine); // said outright, or an empty legend would press its column together
}

void stylePlot(QCustomPlot* plot)
{
    plot->setBackground(theme::color(Token::Panel));
    for (QCPAxis* axis : plot->axisRect()->axes())
        styleAxis(axis);
    plot->xAxis->grid()->setVisible(false);
    QColor behindLegend = theme::color(Token::Panel);
    behindLegend.setAlpha(220);
    plot->legend->setBrush(behindLegend);
    plot->legend->setBorderPen(Qt::NoPen);
    plot->legend->setFont(theme::captionFont());
    plot->legend->setTextColor(theme::color(Token::Text));
    plot->legend->setIconSize(14, 10);
}

void saveImage(QCustomPlot* plot, const QString& file)
{
    if (!plot->savePng(file, 0, 0, 2.0))
        throw Error(ErrorKind::File, QCoreApplication::translate("ui", "Cannot write the picture %1.").arg(file),
                    QCoreApplication::translate("ui", "Choose a folder that you may write to, with space left."));
}

void saveText(const QString& file, const QString& text)
{
    QSaveFile out(file);
    const QByteArray bytes = text.toUtf8();
    if (!out.open(QIODevice::WriteOnly) || out.write(bytes) != bytes.size() || !out.commit())
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("ui", "Cannot write %1: %2.").arg(file, out.errorString()),
                    QCoreApplication::translate("ui", "Choose a folder that you may write to, with space left."));
}

/// The entries that every plot has. `Widget` offers exportPng, exportCsv and errorOccurred.
template <class Widget>
void addExportActions(QMenu& menu, Widget* widget)
{
    const auto add = [&](const QString& text, const QString& filter, auto write) {
        menu.addAction(text, widget, [widget, text, filter, write] {
            const QString file = QFileDialog::getSaveFileName(widget, text, {}, filter);
            if (file.isEmpty())
                return;
            try {
                (widget->*write)(file);
            } catch (const Error& error) {
                Q_EMIT widget->errorOccurred(error.message(), error.remedy());
            }
        });
    };
    add(QCoreApplication::translate("ui", "Export picture…"), u"PNG (*.png)"_s, &Widget::exportPng);
    add(QCoreApplication::translate("ui", "Export values…"), u"CSV (*.csv)"_s, &Widget::exportCsv);
}

QString csvCell(QString text)
{
    if (text.contains(u',') || text.contains(u'"'))
        text = u'"' + text.replace(u'"', u"\"\""_s) + u'"';
    return text;
}

} // namespace

struct CurvePlot::Private
{
    QCustomPlot* plot = nullptr;
    std::map<QString, QCPGraph*> curves;
    std::vector<QCPAxis*> ownAxes; ///< never drawn
    bool userRange = false;        ///< zoomed or panned by hand: new points don't move the axes
    bool needsFit = false;         ///< the axes, with the next drawing
    bool logScale = false;
    bool compares = false; ///< curves of one name belong together

    void style();
    void styleCompared();
    QCPGraph* addCompared(const QString& name, const std::vector<QPointF>& points, QCPAxis* heights);
    QString title(const QCPGraph* graph) const;
    void fit();
    void place();
    void setLogScale(bool on);
    void setVisible(QCPGraph* graph, bool visible);
    QString readout(double x) const;
};

void CurvePlot::Private::style()
{
    stylePlot(plot);
    if (compares) {
        styleCompared();
        return;
    }
    // Told apart by dash as well as by colour; by axis first, so that a curve looks the same whichever came first.
    using Looks = std::array<std::pair<Token, Qt::PenStyle>, 2>;
    const Looks left{{{Token::Accent, Qt::SolidLine}, {Token::Ok, Qt::DashDotLine}}};
    const Looks right{{{Token::Review, Qt::DashLine}, {Token::Text, Qt::DotLine}}};
    std::size_t leftCount = 0;
    std::size_t rightCount = 0;
    for (int i = 0; i < plot->graphCount(); ++i) {
        QCPGraph* graph = plot->graph(i);
        if (graph->valueAxis() == plot->yAxis || graph->valueAxis() == plot->yAxis2) {
            const bool isRight = graph->valueAxis() == plot->yAxis2;
            const auto& [token, dash] = isRight ? right[rightCount++ % right.size()] : left[leftCount++ % left.size()];
            graph->setPen(QPen(theme::color(token), 1.6, dash));
        } else {
            graph->setPen(QPen(theme::color(Token::Secondary), 1.2, Qt::DotLine));
        }
        if (QCPAbstractLegendItem* item = plot->legend->itemWithPlottable(graph))
            item->setTextColor(theme::color(graph->visible() ? Token::Text : Token::Disabled));
    }
    plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::Private::styleCompared()
{
    const std::array<Token, 6> tokens{Token::Accent, Token::Review, Token::Text, Token::Ng, Token::Ok, Token::Disabled};
    QStringList names;
    for (int i = 0; i < plot->graphCount(); ++i) {
        QCPGraph* graph = plot->graph(i);
        if (!names.contains(graph->name()))
            names << graph->name();
        const auto look = std::size_t(names.indexOf(graph->name())) % tokens.size();
        const bool isLeft = graph->valueAxis() == plot->yAxis;
        graph->setPen(QPen(theme::color(tokens[look]), 1.6, isLeft ? Qt::SolidLine : Qt::DashLine));
        if (QCPAbstractLegendItem* item = plot->legend->itemWithPlottable(graph))
            item->setTextColor(theme::color(graph->visible() ? Token::Text : Token::Disabled));
    }
    plot->replot(QCustomPlot::rpQueuedReplot);
}

QCPGraph* CurvePlot::Private::addCompared(const QString& name, const std::vector<QPointF>& points, QCPAxis* heights)
{
    if (points.empty())
        return nullptr;
    QCPGraph* graph = plot->addGraph(plot->xAxis, heights);
    graph->setName(name);
    QVector<double> x;
    QVector<double> y;
    for (const QPointF& point : points) {
        x << point.x();
        y << point.y();
    }
    graph->setData(x, y);
    return graph;
}

QString CurvePlot::Private::title(const QCPGraph* graph) const
{
    return compares ? u"%1, %2"_s.arg(graph->name(), graph->valueAxis()->label()) : graph->name();
}

void CurvePlot::Private::fit()
{
    userRange = false;
    needsFit = true;
    plot->replot(QCustomPlot::rpQueuedReplot);
}

/// Looks at every point, so once for each drawing and not for each new point. Without curves there is no scale.
void CurvePlot::Private::place()
{
    const bool hasCurves = plot->graphCount() > 0;
    for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
        axis->setTicks(hasCurves);
        axis->setTickLabels(hasCurves);
    }
    plot->yAxis->grid()->setVisible(hasCurves);
    if (!std::exchange(needsFit, false))
        return;
    plot->rescaleAxes(true);
    for (QCPAxis* axis : {plot->yAxis, plot->yAxis2}) {
        if (axis->scaleType() != QCPAxis::stLinear)
            continue;
        QCPRange range = axis->range();
        bool any = false;
        for (const QCPGraph* graph : axis->graphs()) {
            bool found = false;
            const QCPRange values = graph->getValueRange(found);
            if (!found || !graph->visible())
                continue;
            range = any ? range.expanded(values) : values;
            any = true;
        }
        // One value alone has no range of its own.
        const double margin = range.size() > 0.0 ? 0.05 * range.size() : std::max(0.1 * std::abs(range.lower), 1e-6);
        if (any)
            axis->setRange(range.lower - margin, range.upper + margin);
    }
    for (QCPAxis* axis : ownAxes)
        axis->setRange(0.0, 1.1 * axis->range().upper);
}

void CurvePlot::Private::setLogScale(bool on)
{
    logScale = on;
    plot->yAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot->yAxis->setTicker(on ? QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog)
                              : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    plot->yAxis->ticker()->setTickCount(4);
    fit();
}

void CurvePlot::Private::setVisible(QCPGraph* graph, bool visible)
{
    for (int i = 0; i < plot->graphCount(); ++i) {
        if (plot->graph(i) == graph || (compares && plot->graph(i)->name() == graph->name()))
            plot->graph(i)->setVisible(visible);
    }
    if (!userRange)
        fit();
    style();
}

QString CurvePlot::Private::readout(double x) const
{
    QStringList lines;
    for (int i = 0; i < plot->graphCount(); ++i) {
        const QCPGraph* graph = plot->graph(i);
        if (graph->data()->isEmpty() || !graph->visible())
            continue;
        auto nearest = graph->data()->findBegin(x, true);
        const auto next = nearest + 1;
        if (next != graph->data()->constEnd() && std::abs(next->key - x) < std::abs(nearest->key - x))
            nearest = next;
        if (lines.isEmpty())
            lines << u"%1 %2"_s.arg(plot->xAxis->label()).arg(plot->locale().toString(nearest->key, 'g', 6));
        lines << u"%1: %2"_s.arg(title(graph), plot->locale().toString(nearest->value, 'g', 4));
    }
    return lines.join(u'\n');
}

CurvePlot::CurvePlot(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    d->plot = makePlot(this);
    d->plot->setLocale(locale());
    d->plot->axisRect()->setRangeZoomAxes({d->plot->xAxis, d->plot->yAxis, d->plot->yAxis2});
    d->plot->axisRect()->setRangeDragAxes({d->plot->xAxis, d->plot->yAxis, d->plot->yAxis2});
    for (QCPAxis* axis : {d->plot->xAxis, d->plot->yAxis, d->plot->yAxis2})
        axis->ticker()->setTickCount(5);
    placeLegendAbove(d->plot);
    d->style();
    setMinimumSize(240, 140);
    setAccessibleName(tr("Curves"));

    connect(d->plot, &QCustomPlot::beforeReplot, this, [this] { d->place(); });
    const auto byHand = [this] { d->userRange = true; };
    connect(d->plot, &QCustomPlot::mouseWheel, this, byHand);
    connect(d->plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        if (event->buttons() & Qt::LeftButton)
            d->userRange = true;
        else if (d->plot->axisRect()->rect().contains(event->pos()))
            QToolTip::showText(event->globalPosition().toPoint(),
                               d->readout(d->plot->xAxis->pixelToCoord(event->pos().x())), d->plot);
    });
    connect(d->plot, &QCustomPlot::mouseDoubleClick, this, [this] { d->fit(); });
    connect(d->plot, &QCustomPlot::legendClick, this, [this](QCPLegend*, QCPAbstractLegendItem* item) {
        if (auto* entry = qobject_cast<QCPPlottableLegendItem*>(item))
            setCurveVisible(entry->plottable()->name(), !entry->plottable()->visible());
    });
    connect(d->plot, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu;
        for (int i = 0; i < d->plot->graphCount(); ++i) {
            QCPGraph* graph = d->plot->graph(i);
            if (!d->plot->legend->itemWithPlottable(graph))
                continue; // goes with another one
            QAction* show = menu.addAction(graph->name(), this, [this, graph](bool on) { d->setVisible(graph, on); });
            show->setCheckable(true);
            show->setChecked(graph->visible());
        }
        menu.addSeparator();
        menu.addAction(tr("Show everything"), this, [this] { d->fit(); });
        QAction* log = menu.addAction(tr("Logarithmic scale"), this, [this](bool on) { d->setLogScale(on); });
        log->setCheckable(true);
        log->setChecked(d->logScale);
        menu.addSeparator();
        addExportActions(menu, this);
        menu.exec(d->plot->mapToGlobal(at));
    });
}

CurvePlot::~CurvePlot() = default;

void CurvePlot::clearCurves()
{
    d->plot->clearGraphs();
    d->curves.clear();
    for (QCPAxis* axis : d->ownAxes)
        d->plot->axisRect()->removeAxis(axis);
    d->ownAxes.clear();
    d->userRange = false;
    d->compares = false;
    d->plot->legend->setWrap(0);
    d->plot->legend->setMaximumSize(10000, kLegendLine);
    d->plot->yAxis2->setVisible(false);
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::addPoint(const QString& name, double x, double y, Axis axis)
{
    QCPGraph*& graph = d->curves[name];
    if (!graph) {
        QCPAxis* heights = axis == Axis::Right ? d->plot->yAxis2 : d->plot->yAxis;
        if (axis == Axis::Own) {
            heights = d->ownAxes.emplace_back(d->plot->axisRect()->addAxis(QCPAxis::atRight));
            heights->setVisible(false);
        }
        graph = d->plot->addGraph(d->plot->xAxis, heights);
        graph->setName(name);
        if (axis == Axis::Right) {
            d->plot->yAxis2->setVisible(true);
            d->plot->yAxis2->setTickLabels(true);
        }
        d->style();
    }
    graph->addData(x, y);
    d->needsFit = d->needsFit || !d->userRange;
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::compare(const std::vector<Comparison>& curves)
{
    clearCurves();
    d->compares = true;
    d->plot->legend->setWrap(kComparedInALine); // of entries that come from now on
    for (const Comparison& run : curves) {
        QCPGraph* left = d->addCompared(run.name, run.left, d->plot->yAxis);
        QCPGraph* right = d->addCompared(run.name, run.right, d->plot->yAxis2);
        if (left && right)
            right->removeFromLegend();
        if (left || right)
            d->curves[run.name] = left ? left : right;
        if (right) {
            d->plot->yAxis2->setVisible(true);
            d->plot->yAxis2->setTickLabels(true);
        }
    }
    const int lines = std::max(1, (d->plot->legend->itemCount() + kComparedInALine - 1) / kComparedInALine);
    d->plot->legend->setMaximumSize(10000, kLegendLine * lines);
    d->style();
    d->fit();
}

QStringList CurvePlot::curveNames() const
{
    QStringList names;
    for (int i = 0; i < d->plot->graphCount(); ++i) {
        if (!names.contains(d->plot->graph(i)->name()))
            names << d->plot->graph(i)->name();
    }
    return names;
}

void CurvePlot::setCurveVisible(const QString& name, bool visible)
{
    if (const auto curve = d->curves.find(name); curve != d->curves.end())
        d->setVisible(curve->second, visible);
}

bool CurvePlot::isCurveVisible(const QString& name) const
{
    const auto curve = d->curves.find(name);
    return curve != d->curves.end() && curve->second->visible();
}

void CurvePlot::setAxisTitles(const QString& x, const QString& left, const QString& right)
{
    d->plot->xAxis->setLabel(x);
    d->plot->yAxis->setLabel(left);
    d->plot->yAxis2->setLabel(right);
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::exportCsv(const QString& file) const
{
    std::map<double, std::vector<QString>> rows;
    const int curves = d->plot->graphCount();
    QStringList header{d->plot->xAxis->label().isEmpty() ? u"x"_s : csvCell(d->plot->xAxis->label())};
    for (int i = 0; i < curves; ++i) {
        header << csvCell(d->title(d->plot->graph(i)));
        for (const QCPGraphData& point : *d->plot->graph(i)->data()) {
            auto& row = rows[point.key];
            row.resize(std::size_t(curves));
            row[std::size_t(i)] = QString::number(point.value, 'g', 10);
        }
    }
    QString text = header.join(u',') + u'\n';
    for (const auto& [x, cells] : rows) {
        text += QString::number(x, 'g', 10);
        for (const QString& cell : cells)
            text += u',' + cell;
        text += u'\n';
    }
    saveText(file, text);
}

void CurvePlot::exportPng(const QString& file) const
{
    d->place();
    saveImage(d->plot, file);
}

void CurvePlot::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        d->style();
    else if (event->type() == QEvent::LocaleChange)
        d->plot->setLocale(locale());
    QWidget::changeEvent(event);
}

struct ScoreHistogram::Private
{
    explicit Private(ScoreHistogram* widget)
        : q(widget)
    {
    }

    struct Group
    {
        QCPBars* bars = nullptr;
        std::vector<int> counts = std::vector<int>(kBins, 0);
        int total = 0;
    };

    void style();
    void setCounts(Group& group, const std::vector<double>& scores, const QString& name);
    void placeBars();
    void placeLine();
    void setRange(QCPRange range);
    bool nearLine(const QPoint& at) const;
    void moveTo(double value);
    QString readout(double score) const;

    ScoreHistogram* q;
    QCustomPlot* plot = nullptr;
    Group good;
    Group defective;
    Group unknown;
    QCPItemStraightLine* line = nullptr;
    QCPItemText* label = nullptr;
    QCPItemText* hint = nullptr;
    double value = 0.5;
    bool dragging = false;
    bool keyMoved = false;
    bool readOnly = false;
};

void ScoreHistogram::Private::style()
{
    stylePlot(plot);
    const auto fill = [](Group& group, Token token, Qt::BrushStyle pattern) {
        QColor color = theme::color(token);
        group.bars->setPen(QPen(color, 1));
        color.setAlpha(190);
        group.bars->setBrush(QBrush(color, pattern));
    };
    fill(good, Token::Ok, Qt::SolidPattern);
    fill(defective, Token::Ng, Qt::BDiagPattern); // for those who don't tell red from green
    fill(unknown, Token::Secondary, Qt::SolidPattern);
    const QColor text = theme::color(Token::Text);
    line->setPen(QPen(text, 1.6));
    label->setFont(theme::captionFont());
    label->setColor(theme::color(Token::Panel));
    label->setBrush(text);
    hint->setFont(theme::tabularFont());
    hint->setColor(theme::color(Token::Secondary));
    hint->setBrush(theme::color(Token::Panel));
    line->setVisible(q->isEnabled());
    label->setVisible(q->isEnabled());
    plot->replot(QCustomPlot::rpQueuedReplot);
}

void ScoreHistogram::Private::setCounts(Group& group, const std::vector<double>& scores, const QString& name)
{
    group.counts.assign(kBins, 0);
    group.total = int(scores.size());
    for (const double score : scores) {
        // The scale is fixed, so anything else (NaN included) belongs to the last bin: it is judged NG.
        const int bin = score >= 0.0 && score < 1.0 ? int(score * kBins) : score < 0.0 ? 0 : kBins - 1;
        ++group.counts[std::size_t(bin)];
    }
    group.bars->setName(u"%1 %2"_s.arg(name).arg(plot->locale().toString(group.total)));
    if (scores.empty())
        group.bars->removeFromLegend();
    else
        group.bars->addToLegend();
}

/// Groups stand side by side within a bin: a few good scores must not vanish behind many defective ones.
void ScoreHistogram::Private::placeBars()
{
    std::vector<Group*> present;
    for (Group* group : {&good, &defective, &unknown}) {
        if (group->total > 0)
            present.push_back(group);
        else
            group->bars->data()->clear();
    }
    const double width = 0.8 / kBins / double(std::max<std::size_t>(present.size(), 1));
    for (std::size_t place = 0; place < present.size(); ++place) {
        QVector<double> keys;
        QVector<double> heights;
        for (int bin = 0; bin < kBins; ++bin) {
            keys << (bin + 0.5) / kBins + (double(place) - 0.5 * double(present.size() - 1)) * width;
            heights << std::sqrt(double(present[place]->counts[std::size_t(bin)]));
        }
        present[place]->bars->setWidth(width);
        present[place]->bars->setData(keys, heights, true);
    }
}

void ScoreHistogram::Private::placeLine()
{
    line->point1->setCoords(value, 0.0);
    line->point2->setCoords(value, 1.0);
    // Near the borders the label leans inwards.
    const QCPRange range = plot->xAxis->range();
    const double place = (value - range.lower) / range.size();
    const auto lean = place < 0.1 ? Qt::AlignLeft : place > 0.9 ? Qt::AlignRight : Qt::AlignHCenter;
    label->setPositionAlignment(lean | Qt::AlignTop);
    label->position->setCoords(value, 0.0);
    label->setText(QCoreApplication::translate("ui", "T = %1").arg(plot->locale().toString(value, 'f', 3)));
    label->setVisible(q->isEnabled() && range.contains(value));
    plot->replot(QCustomPlot::rpQueuedReplot);
}

/// Keeps what is shown inside the scale.
void ScoreHistogram::Private::setRange(QCPRange range)
{
    const double size = std::clamp(range.size(), 0.02, 1.0);
    const double lower = std::clamp(range.lower, 0.0, 1.0 - size);
    plot->xAxis->setRange(lower, lower + size);
    placeLine();
}

bool ScoreHistogram::Private::nearLine(const QPoint& at) const
{
    return !readOnly && std::abs(at.x() - plot->xAxis->coordToPixel(value)) <= kGrabDistance &&
           plot->axisRect()->outerRect().contains(at);
}

void ScoreHistogram::Private::moveTo(double newValue)
{
    newValue = std::clamp(newValue, 0.0, 1.0);
    if (newValue == value)
        return;
    q->setThreshold(newValue);
    Q_EMIT q->thresholdMoved(value);
}

QString ScoreHistogram::Private::readout(double score) const
{
    const int bin = std::clamp(int(score * kBins), 0, kBins - 1);
    const QLocale locale = plot->locale();
    QStringList lines{u"%1 – %2"_s.arg(locale.toString(double(bin) / kBins, 'f', 2),
                                       locale.toString(double(bin + 1) / kBins, 'f', 2))};
    const auto add = [&](const Group& group, const QString& name) {
        if (const int count = group.counts[std::size_t(bin)]; count > 0)
            lines << u"%1: %2"_s.arg(name).arg(locale.toString(count));
    };
    add(good, ScoreHistogram::tr("good"));
    add(defective, ScoreHistogram::tr("defective"));
    add(unknown, ScoreHistogram::tr("unknown"));
    return lines.size() > 1 ? lines.join(u'\n') : QString();
}

ScoreHistogram::ScoreHistogram(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>(this))
{
    QCustomPlot* plot = d->plot = makePlot(this);
    plot->setLocale(locale());
    plot->axisRect()->setRangeDragAxes(plot->xAxis, nullptr);
    plot->axisRect()->setRangeZoomAxes(plot->xAxis, nullptr);
    plot->axisRect()->setMinimumMargins(QMargins(8, 4, 12, 0));
    plot->xAxis->setRange(0.0, 1.0);
    plot->xAxis->setLabel(tr("Score"));
    plot->xAxis->ticker()->setTickCount(6);
    plot->yAxis->setTicker(QSharedPointer<QCPAxisTickerText>::create());
    placeLegendAbove(plot);
    for (Private::Group* group : {&d->unknown, &d->good, &d->defective}) {
        group->bars = new QCPBars(plot->xAxis, plot->yAxis);
        group->bars->setAntialiased(false);
    }

    d->line = new QCPItemStraightLine(plot);
    for (QCPItemPosition* position : {d->line->point1, d->line->point2}) {
        position->setTypeX(QCPItemPosition::ptPlotCoords);
        position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    }
    d->label = new QCPItemText(plot);
    d->label->setClipToAxisRect(false);
    d->label->setPadding(QMargins(6, 1, 6, 2));
    d->label->position->setTypeX(QCPItemPosition::ptPlotCoords);
    d->label->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    d->hint = new QCPItemText(plot);
    d->hint->position->setType(QCPItemPosition::ptAxisRectRatio);
    d->hint->position->setCoords(0.5, 0.6);
    d->hint->setPadding(QMargins(8, 2, 8, 2));
    d->hint->setText(tr("No scores yet: F5 inspects all images"));

    setMinimumSize(240, 120);
    setFocusPolicy(Qt::TabFocus);
    setAccessibleName(tr("Histogram of scores with the threshold"));
    setAccessibleDescription(tr("Left and Right move the threshold."));
    setScores({}, {}, {});
    d->placeLine();
    d->style();

    connect(plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) {
        if (event->button() != Qt::LeftButton || !d->nearLine(event->pos()))
            return; // the focus stays where it is: arrows must not move verdicts because somebody looked at a bar
        setFocus(Qt::MouseFocusReason);
        d->dragging = true;
        d->plot->setInteraction(QCP::iRangeDrag, false);
    });
    connect(plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        const double score = d->plot->xAxis->pixelToCoord(event->pos().x());
        if (d->dragging) {
            d->moveTo(score);
            return;
        }
        d->plot->setCursor(d->nearLine(event->pos()) ? Qt::SizeHorCursor : Qt::ArrowCursor);
        if (!event->buttons() && d->plot->axisRect()->rect().contains(event->pos()))
            QToolTip::showText(event->globalPosition().toPoint(), d->readout(score), d->plot);
    });
    connect(plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent*) {
        if (!d->dragging)
            return;
        d->dragging = false;
        d->plot->setInteraction(QCP::iRangeDrag, true);
        Q_EMIT thresholdReleased(d->value);
    });
    connect(plot, &QCustomPlot::mouseDoubleClick, this, [this] { d->setRange({0.0, 1.0}); });
    connect(plot->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this](const QCPRange& range) {
        const QSignalBlocker blocker(d->plot->xAxis);
        d->setRange(range);
    });
    connect(plot, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu;
        menu.addAction(tr("Show everything"), this, [this] { d->setRange({0.0, 1.0}); });
        menu.addSeparator();
        addExportActions(menu, this);
        menu.exec(d->plot->mapToGlobal(at));
    });
}

ScoreHistogram::~ScoreHistogram() = default;

void ScoreHistogram::setScores(const std::vector<double>& good, const std::vector<double>& defective,
                               const std::vector<double>& unknown)
{
    d->setCounts(d->good, good, tr("Good"));
    d->setCounts(d->defective, defective, tr("Defective"));
    d->setCounts(d->unknown, unknown, tr("Unknown"));
    d->placeBars();
    int largest = 1;
    for (const Private::Group* group : {&d->good, &d->defective, &d->unknown})
        largest = std::max(largest, *std::max_element(group->counts.begin(), group->counts.end()));

    const auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    for (const int count : labelledCounts(largest))
        ticker->addTick(std::sqrt(double(count)), d->plot->locale().toString(count));
    d->plot->yAxis->setTicker(ticker);
    d->plot->yAxis->setRange(0.0, std::sqrt(double(largest)) * 1.08);
    d->hint->setVisible(good.empty() && defective.empty() && unknown.empty());
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void ScoreHistogram::setThreshold(double threshold)
{
    d->value = threshold;
    d->placeLine();
}

double ScoreHistogram::threshold() const
{
    return d->value;
}

int ScoreHistogram::thresholdX() const
{
    return d->plot->x() + qRound(d->plot->xAxis->coordToPixel(d->value));
}

void ScoreHistogram::setReadOnly(bool readOnly)
{
    d->readOnly = readOnly;
    setFocusPolicy(readOnly ? Qt::NoFocus : Qt::TabFocus);
    setAccessibleDescription(readOnly ? QString() : tr("Left and Right move the threshold."));
}

void ScoreHistogram::setEmptyText(const QString& text)
{
    d->hint->setText(text);
}

std::vector<int> ScoreHistogram::labelledCounts(int largest)
{
    std::vector<int> counts{0};
    // Heights are square roots, so a count at half of the largest already stands at 0.7 of its height.
    int round = 0;
    for (int power = 1; power <= largest / 2; power *= 10) {
        for (const int step : {1, 2, 5}) {
            if (step <= largest / 2 / power)
                round = step * power;
        }
    }
    if (round > 0)
        counts.push_back(round);
    counts.push_back(largest);
    return counts;
}

void ScoreHistogram::exportCsv(const QString& file) const
{
    QString text = u"from,to,good,defective,unknown\n"_s;
    for (int bin = 0; bin < kBins; ++bin) {
        const auto i = std::size_t(bin);
        text += u"%1,%2,%3,%4,%5\n"_s.arg(double(bin) / kBins)
                    .arg(double(bin + 1) / kBins)
                    .arg(d->good.counts[i])
                    .arg(d->defective.counts[i])
                    .arg(d->unknown.counts[i]);
    }
    saveText(file, text);
}

void ScoreHistogram::exportPng(const QString& file) const
{
    saveImage(d->plot, file);
}

bool ScoreHistogram::event(QEvent* event)
{
    // Left and Right belong to the threshold here, even where the page uses them as shortcuts.
    if (event->type() == QEvent::ShortcutOverride && !d->readOnly) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Left || key == Qt::Key_Right) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void ScoreHistogram::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::EnabledChange)
        d->style();
    else if (event->type() == QEvent::LocaleChange)
        d->plot->setLocale(locale());
    QWidget::changeEvent(event);
}

void ScoreHistogram::keyPressEvent(QKeyEvent* event)
{
    if (d->readOnly || (event->key() != Qt::Key_Left && event->key() != Qt::Key_Right)) {
        QWidget::keyPressEvent(event);
        return;
    }
    const double step = event->modifiers() & Qt::ShiftModifier ? 0.01 : 0.001;
    d->keyMoved = true;
    d->moveTo(d->value + (event->key() == Qt::Key_Left ? -step : step));
}

void ScoreHistogram::keyReleaseEvent(QKeyEvent* event)
{
    if (!d->keyMoved || event->isAutoRepeat()) {
        QWidget::keyReleaseEvent(event);
        return;
    }
    d->keyMoved = false;
    Q_EMIT thresholdReleased(d->value);
}

void ScoreHistogram::focusOutEvent(QFocusEvent* event)
{
    if (std::exchange(d->keyMoved, false)) // the release of the key goes elsewhere
        Q_EMIT thresholdReleased(d->value);
    QWidget::focusOutEvent(event);
}

struct RocPlot::Private
{
    QCustomPlot* plot = nullptr;
    QCPGraph* chance = nullptr;
    QCPCurve* curve = nullptr;
    QCPGraph* mark = nullptr;
    RocCurve roc;

    void style();
};

void RocPlot::Private::style()
{
    stylePlot(plot);
    plot->xAxis->grid()->setVisible(true);
    chance->setPen(QPen(theme::color(Token::Secondary), 1, Qt::DotLine));
    curve->setPen(QPen(theme::color(Token::Accent), 1.6));
    mark->setScatterStyle({QCPScatterStyle::ssDisc, theme::color(Token::Text), theme::color(Token::Text), 7});
    plot->replot(QCustomPlot::rpQueuedReplot);
}

RocPlot::RocPlot(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    QCustomPlot* plot = d->plot = makePlot(this);
    plot->setLocale(locale());
    plot->setInteractions({});
    plot->axisRect()->setMinimumMargins(QMargins(8, 6, 12, 0));
    for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
        axis->setRange(-0.02, 1.02);
        axis->setTicker(QSharedPointer<QCPAxisTickerFixed>::create());
        qSharedPointerCast<QCPAxisTickerFixed>(axis->ticker())->setTickStep(0.5);
    }
    plot->xAxis->setLabel(tr("overkill"));
    plot->yAxis->setLabel(tr("found"));
    d->chance = plot->addGraph();
    d->chance->setData({0.0, 1.0}, {0.0, 1.0});
    d->curve = new QCPCurve(plot->xAxis, plot->yAxis);
    d->mark = plot->addGraph();
    d->mark->setLineStyle(QCPGraph::lsNone);
    setMinimumSize(140, 120);
    setAccessibleName(tr("ROC curve"));
    d->style();
    connect(plot, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu;
        addExportActions(menu, this);
        menu.exec(d->plot->mapToGlobal(at));
    });
}

RocPlot::~RocPlot() = default;

void RocPlot::setRoc(const RocCurve& roc, double overkill, double recall)
{
    d->roc = roc;
    d->curve->setData(QVector<double>(roc.fpr.begin(), roc.fpr.end()), QVector<double>(roc.tpr.begin(), roc.tpr.end()));
    d->mark->setData({overkill}, {recall});
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void RocPlot::clear()
{
    d->roc = {};
    d->curve->data()->clear();
    d->mark->data()->clear();
    d->plot->replot(QCustomPlot::rpQueuedReplot);
}

void RocPlot::exportCsv(const QString& file) const
{
    QString text = u"threshold,overkill,recall\n"_s;
    for (std::size_t i = 0; i < d->roc.fpr.size(); ++i)
        text += u"%1,%2,%3\n"_s.arg(d->roc.threshold[i]).arg(d->roc.fpr[i]).arg(d->roc.tpr[i]);
    saveText(file, text);
}

void RocPlot::exportPng(const QString& file) const
{
    saveImage(d->plot, file);
}

void RocPlot::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        d->style();
    else if (event->type() == QEvent::LocaleChange)
        d->plot->setLocale(locale());
    QWidget::changeEvent(event);
}

} // namespace lynceus
