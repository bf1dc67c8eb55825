// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/finding_list.h"

#include "ui/icons.h"

#include <QtCore/QEvent>
#include <QtWidgets/QFrame>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kFilesInToolTip = 12;

struct SeverityLook
{
    QString property; ///< selects the colour of the bar in the style sheet
    QString icon;
    QString name;
    theme::Token token;
};

SeverityLook lookOf(Finding::Severity severity)
{
    switch (severity) {
    case Finding::Severity::Error:
        return {u"error"_s, u"error"_s, FindingList::tr("Error"), theme::Token::Ng};
    case Finding::Severity::Warning:
        return {u"warning"_s, u"warning"_s, FindingList::tr("Warning"), theme::Token::Review};
    case Finding::Severity::Info:
        break;
    }
    return {u"info"_s, u"info"_s, FindingList::tr("Note"), theme::Token::Ok};
}

QLabel* wrappedLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText); // file names are not markup
    label->setWordWrap(true);
    return label;
}

/// An icon that follows the theme: a label would keep the pixmap of the old one.
class SeverityIcon final : public QLabel
{
public:
    SeverityIcon(const SeverityLook& look, QWidget* parent)
        : QLabel(parent)
        , m_icon(themedIcon(look.icon, look.token))
    {
        setAccessibleName(look.name);
        refresh();
    }

protected:
    void changeEvent(QEvent* event) override
    {
        if (event->type() == QEvent::PaletteChange)
            refresh();
        QLabel::changeEvent(event);
    }

private:
    void refresh() { setPixmap(m_icon.pixmap(QSize(16, 16), devicePixelRatio())); }

    QIcon m_icon;
};

} // namespace

FindingList::FindingList(QWidget* parent)
    : QScrollArea(parent)
{
    setAccessibleName(tr("Findings of the folder doctor"));
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    auto* content = new QWidget(this);
    content->setObjectName(u"scrollContent"_s);
    m_layout = new QVBoxLayout(content);
    m_layout->setContentsMargins(0, 0, 4, 0);
    m_layout->setSpacing(8);
    m_layout->addStretch();
    setWidget(content);
}

void FindingList::setFindings(const std::vector<Finding>& findings)
{
    clear();
    for (const Finding& finding : findings)
        addRow(finding.severity, finding.message, finding.remedy, finding.files);
    if (findings.empty())
        addRow(Finding::Severity::Info, tr("Nothing to complain about."), {}, {});
}

void FindingList::clear()
{
    while (m_layout->count() > 1) {
        QLayoutItem* item = m_layout->takeAt(0);
        delete item->widget();
        delete item;
    }
}

void FindingList::addRow(Finding::Severity severity, const QString& message, const QString& remedy,
                         const QStringList& files)
{
    const SeverityLook look = lookOf(severity);
    auto* row = new QFrame(widget());
    row->setProperty("severity", look.property);
    row->setToolTip(files.mid(0, kFilesInToolTip).join(u'\n'));
    auto* texts = new QVBoxLayout;
    texts->setSpacing(2);
    texts->addWidget(wrappedLabel(message, row));
    if (!remedy.isEmpty()) {
        auto* label = wrappedLabel(remedy, row);
        theme::setRole(label, theme::TextRole::Caption);
        texts->addWidget(label);
    }
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(8, 0, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(new SeverityIcon(look, row), 0, Qt::AlignTop);
    layout->addLayout(texts, 1);
    m_layout->insertWidget(m_layout->count() - 1, row);
}

} // namespace lynceus
