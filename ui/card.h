// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QFrame>

#include <vector>

class QButtonGroup;
class QHBoxLayout;
class QSplitter;
class QStackedWidget;
class QVBoxLayout;

namespace lynceus {

/// A panel with border and rounded corners, a heading, and what is below it.
class Card : public QFrame
{
    Q_OBJECT

public:
    explicit Card(const QString& heading, QWidget* parent = nullptr);

    QVBoxLayout* body() const { return m_body; } ///< takes the content

private:
    QVBoxLayout* m_body;
};

/// A card with several contents of which one is shown; its headings choose.
class TabCard : public QFrame
{
    Q_OBJECT

public:
    explicit TabCard(QWidget* parent = nullptr);

    /// `toolTip` says what the content is for.
    void addTab(const QString& heading, const QString& toolTip, QWidget* content);
    void setCurrent(const QWidget* content);
    QWidget* current() const;

private:
    QHBoxLayout* m_headings;
    QButtonGroup* m_buttons;
    QStackedWidget* m_stack;
};

/// A splitter whose handle is the gap between cards.
QSplitter* gapSplitter(Qt::Orientation orientation, const QString& name);
/// Widgets below each other with the gap that is between cards; scrolls where the window is low. `growing` takes the
/// room that is left.
QWidget* cardColumn(const std::vector<QWidget*>& widgets, const QWidget* growing);

} // namespace lynceus
