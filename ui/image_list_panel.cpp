// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/image_list_panel.h"

#include "core/base/progress.h"
#include "ui/icons.h"
#include "ui/image_list_delegate.h"
#include "ui/image_list_filter.h"
#include "ui/theme.h"

#include <QtWidgets/QComboBox>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QListView>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;
using theme::Token;

struct ImageListPanel::Private
{
    ImageListModel* model = nullptr;
    ImageListFilter* filter = nullptr;
    QLineEdit* name = nullptr;
    QComboBox* show = nullptr;
    QComboBox* order = nullptr;
    QLabel* counts = nullptr;
    QLabel* leftOut = nullptr;
    QListView* view = nullptr;
    QPushButton* run = nullptr;
    QProgressBar* progress = nullptr;
    QLabel* progressText = nullptr;
    bool running = false;
    int lastRow = -1; ///< current row of the model, also while the filter hides it

    void goTo(int proxyRow)
    {
        if (filter->rowCount() == 0)
            return;
        const QModelIndex index = filter->index(std::clamp(proxyRow, 0, filter->rowCount() - 1), 0);
        view->setCurrentIndex(index);
        view->scrollTo(index);
    }
    int proxyRow() const { return view->currentIndex().row(); }
};

ImageListPanel::ImageListPanel(ImageListModel* model, QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    d->model = model;
    d->filter = new ImageListFilter(this);
    d->filter->setSourceModel(model);
    setMinimumWidth(200);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);

    d->name = new QLineEdit(this);
    d->name->setPlaceholderText(tr("Filter name…"));
    d->name->setClearButtonEnabled(true);
    d->name->setAccessibleName(tr("Filter by name"));
    d->name->setToolTip(tr("Show images whose name contains this (Ctrl+F)"));

    using Show = ImageListFilter::Show;
    d->show = new QComboBox(this);
    d->show->setAccessibleName(tr("Filter by verdict"));
    d->show->setToolTip(tr("Which images the list shows"));
    for (const auto& [text, show] :
         {std::pair{tr("All"), Show::All}, std::pair{u"NG"_s, Show::Ng}, std::pair{u"OK"_s, Show::Ok},
          std::pair{u"Review"_s, Show::Review}, std::pair{tr("Wrong"), Show::Wrong},
          std::pair{tr("Not done"), Show::NotDone}, std::pair{tr("Errors"), Show::Failed}})
        d->show->addItem(text, int(show));

    using Order = ImageListFilter::Order;
    d->order = new QComboBox(this);
    d->order->setAccessibleName(tr("Order"));
    d->order->setToolTip(tr("Order of the list"));
    for (const auto& [text, order] : {std::pair{tr("Name"), Order::Name}, std::pair{tr("Score ↓"), Order::HighestScore},
                                      std::pair{tr("Score ↑"), Order::LowestScore}})
        d->order->addItem(text, int(order));

    d->counts = new QLabel(this);
    d->counts->setAccessibleName(tr("Counts"));
    QFont small = theme::captionFont();
    d->counts->setFont(small);

    d->leftOut = new QLabel(this);
    d->leftOut->setObjectName(u"leftOut"_s);
    d->leftOut->setContentsMargins(10, 0, 8, 4);
    d->leftOut->hide();
    theme::setRole(d->leftOut, theme::TextRole::Caption);

    d->view = new QListView(this);
    d->view->setModel(d->filter);
    d->view->setItemDelegate(new ImageListDelegate(d->view));
    d->view->setUniformItemSizes(true);
    d->view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    d->view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    d->view->setMouseTracking(true);
    d->view->setFrameShape(QFrame::NoFrame);
    d->view->setAccessibleName(tr("Images"));

    d->run = new QPushButton(this);
    d->progress = new QProgressBar(this);
    d->progress->setTextVisible(false);
    d->progress->setAccessibleName(tr("Progress of the inspection"));
    d->progressText = new QLabel(this);
    theme::setRole(d->progressText, theme::TextRole::Caption);

    auto* filters = new QHBoxLayout;
    filters->setContentsMargins(8, 8, 8, 4);
    filters->setSpacing(4);
    filters->addWidget(d->name, 1);
    filters->addWidget(d->show);
    auto* line = new QHBoxLayout;
    line->setContentsMargins(10, 0, 8, 4);
    line->addWidget(d->counts, 1);
    line->addWidget(d->order);
    auto* runLine = new QHBoxLayout;
    runLine->setContentsMargins(8, 8, 8, 8);
    runLine->addWidget(d->run);
    auto* progressColumn = new QVBoxLayout;
    progressColumn->setSpacing(2);
    progressColumn->addStretch();
    progressColumn->addWidget(d->progressText);
    progressColumn->addWidget(d->progress);
    progressColumn->addStretch();
    runLine->addLayout(progressColumn, 1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(filters);
    layout->addLayout(line);
    layout->addWidget(d->leftOut);
    auto* rule = new QWidget(this);
    rule->setFixedHeight(1);
    rule->setAutoFillBackground(true);
    rule->setBackgroundRole(QPalette::Mid);
    layout->addWidget(rule);
    layout->addWidget(d->view, 1);
    layout->addLayout(runLine);
    setTabOrder(d->name, d->show);
    setTabOrder(d->show, d->order);
    setTabOrder(d->order, d->view);
    setTabOrder(d->view, d->run);

    connect(d->name, &QLineEdit::textChanged, d->filter, &ImageListFilter::setNameFilter);
    connect(d->show, &QComboBox::currentIndexChanged, this,
            [this] { d->filter->setShow(Show(d->show->currentData().toInt())); });
    connect(d->order, &QComboBox::currentIndexChanged, this, [this] {
        d->filter->setOrder(Order(d->order->currentData().toInt()));
        d->view->scrollTo(d->view->currentIndex());
    });
    connect(d->view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        if (currentRow() >= 0)
            d->lastRow = currentRow();
        Q_EMIT currentRowChanged(currentRow());
    });
    connect(d->filter, &QAbstractItemModel::modelReset, this, [this] { d->lastRow = -1; });
    connect(d->filter, &QAbstractItemModel::layoutChanged, this, [this] {
        if (currentRow() < 0 && d->lastRow >= 0)
            setCurrentRow(d->lastRow);
    });
    auto* nothing = new QLabel(tr("No image passes the filter."), d->view->viewport());
    nothing->setObjectName(u"nothingListed"_s);
    nothing->setAlignment(Qt::AlignCenter);
    nothing->setWordWrap(true);
    theme::setRole(nothing, theme::TextRole::Secondary);
    auto* over = new QVBoxLayout(d->view->viewport());
    over->addWidget(nothing);
    const auto showNothing = [this, nothing, model] {
        nothing->setVisible(d->filter->rowCount() == 0 && model->rowCount() > 0);
    };
    connect(d->filter, &QAbstractItemModel::modelReset, this, showNothing);
    connect(d->filter, &QAbstractItemModel::rowsInserted, this, showNothing);
    connect(d->filter, &QAbstractItemModel::rowsRemoved, this, showNothing);
    connect(d->filter, &QAbstractItemModel::layoutChanged, this, showNothing);
    showNothing();
    connect(d->run, &QPushButton::clicked, this,
            [this] { d->running ? Q_EMIT pauseRequested() : Q_EMIT runRequested(); });
    setCounts({});
    setRun(false, false);
}

ImageListPanel::~ImageListPanel() = default;

int ImageListPanel::currentRow() const
{
    const QModelIndex index = d->view->currentIndex();
    return index.isValid() ? d->filter->mapToSource(index).row() : -1;
}

void ImageListPanel::setCurrentRow(int row)
{
    const QModelIndex index = d->filter->mapFromSource(d->model->index(row));
    if (index.isValid())
        d->goTo(index.row());
}

void ImageListPanel::selectFirst()
{
    d->goTo(0);
}

void ImageListPanel::step(int rows)
{
    d->goTo(d->proxyRow() + rows);
}

void ImageListPanel::stepPage(int pages)
{
    const int rowHeight = std::max(1, d->view->sizeHintForRow(0));
    step(pages * std::max(1, d->view->viewport()->height() / rowHeight - 1));
}

void ImageListPanel::goToEnd(bool last)
{
    d->goTo(last ? d->filter->rowCount() - 1 : 0);
}

void ImageListPanel::nextNg()
{
    const int count = d->filter->rowCount();
    for (int i = 1; i <= count; ++i) {
        const int proxyRow = (d->proxyRow() + i) % count;
        const ImageItem& item = d->model->item(d->filter->mapToSource(d->filter->index(proxyRow, 0)).row());
        if (item.judged && !item.failed() && item.result.verdict == Verdict::Ng) {
            d->goTo(proxyRow);
            return;
        }
    }
}

std::vector<int> ImageListPanel::neighbours() const
{
    std::vector<int> rows;
    const int at = d->proxyRow();
    for (const int proxyRow : {at, at + 1, at - 1, at + 2}) {
        const QModelIndex index = d->filter->index(proxyRow, 0);
        if (index.isValid())
            rows.push_back(d->filter->mapToSource(index).row());
    }
    return rows;
}

void ImageListPanel::setCounts(const ImageListModel::Counts& counts)
{
    const auto part = [this](Token token, const QString& mark, int count) {
        return u"&nbsp; <span style='color:%1'>%2 %3</span>"_s.arg(theme::color(token).name(), mark,
                                                                   locale().toString(count));
    };
    QString text = tr("%1 images").arg(locale().toString(counts.total));
    if (counts.ok + counts.ng + counts.review + counts.failed > 0) {
        text += part(Token::Ok, u"✓"_s, counts.ok) + part(Token::Ng, u"✕"_s, counts.ng);
        if (counts.review > 0)
            text += part(Token::Review, u"?"_s, counts.review);
        if (counts.failed > 0)
            text += part(Token::Secondary, u"!"_s, counts.failed);
    }
    d->counts->setText(text);
    d->counts->setToolTip(
        tr("OK %1, NG %2, Review %3, errors %4").arg(counts.ok).arg(counts.ng).arg(counts.review).arg(counts.failed));
}

void ImageListPanel::setLeftOut(qsizetype images, const QString& why)
{
    d->leftOut->setVisible(images > 0);
    d->leftOut->setText(tr("%1 more left out").arg(locale().toString(images)));
    d->leftOut->setToolTip(why);
    d->leftOut->setAccessibleDescription(why);
}

void ImageListPanel::setRun(bool running, bool possible, bool isPaused)
{
    d->running = running;
    d->run->setText(running ? tr("Pause") : isPaused ? tr("Continue") : tr("Inspect all"));
    d->run->setIcon(themedIcon(running ? u"pause"_s : u"play"_s, running ? Token::Secondary : Token::AccentText));
    d->run->setToolTip(running    ? tr("Stops after the current image; what is done stays")
                       : isPaused ? tr("Inspects the images that are still to come (F5)")
                                  : tr("Inspects all images in the background (F5)"));
    d->run->setEnabled(running || possible);
    theme::setPrimary(d->run, !running);
    d->progress->setVisible(running);
    d->progressText->setVisible(running);
}

void ImageListPanel::setProgress(int done, int total, double secondsLeft)
{
    d->progress->setRange(0, total);
    d->progress->setValue(done);
    QString text = tr("%1 of %2").arg(done).arg(total);
    if (secondsLeft >= 0.0)
        text += tr(" · %1 left").arg(durationText(secondsLeft));
    d->progressText->setText(text);
}

QListView* ImageListPanel::view() const
{
    return d->view;
}

ImageListFilter* ImageListPanel::filter() const
{
    return d->filter;
}

} // namespace lynceus
