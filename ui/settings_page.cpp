// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/settings_page.h"

#include "core/base/settings.h"
#include "core/memseg/session.h"
#include "core/storage/database.h"
#include "ui/card.h"
#include "ui/engines_card.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtGui/QStandardItemModel>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeftWidth = 400;
constexpr int kTitleWidth = 64;
constexpr int kMostWidth = 1240; ///< wider lines are hard to read
constexpr int kMostThreads = 1024;

QLabel* makeCaption(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    theme::setRole(label, theme::TextRole::Caption);
    return label;
}

/// Fields of all cards begin at one line.
void addField(QFormLayout* form, const QString& title, QWidget* field)
{
    auto* label = new QLabel(title, field->parentWidget());
    label->setMinimumWidth(kTitleWidth);
    label->setBuddy(field);
    form->addRow(label, field);
}

QFormLayout* makeForm(Card* card)
{
    auto* form = new QFormLayout;
    form->setHorizontalSpacing(12);
    form->setVerticalSpacing(8);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    card->body()->addLayout(form);
    return form;
}

} // namespace

SettingsPage::SettingsPage(const Services& services, ModelCompiler* compiler, QWidget* parent)
    : QWidget(parent)
    , m_services(services)
    , m_theme(new QComboBox(this))
    , m_colorBlind(new QCheckBox(tr("Heat maps safe for colour-blind eyes"), this))
    , m_engine(new QComboBox(this))
    , m_threads(new QSpinBox(this))
{
    auto* content = new QWidget;
    content->setObjectName(u"scrollContent"_s);
    content->setMaximumWidth(kMostWidth);
    auto* left = new QVBoxLayout;
    left->setSpacing(12);
    for (QWidget* card : {makeAppearance(), makeComputing(), makeData()}) {
        card->setFixedWidth(kLeftWidth);
        left->addWidget(card);
    }
    left->addStretch();
    m_engines = new EnginesCard(services, compiler, this); // last in the tab order
    auto* columns = new QHBoxLayout(content);
    columns->setContentsMargins(16, 16, 16, 16);
    columns->setSpacing(12);
    columns->addLayout(left);
    columns->addWidget(m_engines, 1, Qt::AlignTop);

    auto* scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(scroll);
    setFocusProxy(m_theme);

    Settings& settings = m_services.settings;
    for (const auto changed : {&Settings::themeChanged, &Settings::colorBlindMapChanged, &Settings::engineChanged})
        connect(&settings, changed, this, &SettingsPage::showSettings);
    showSettings();
}

QWidget* SettingsPage::makeAppearance()
{
    auto* card = new Card(tr("Appearance"), this);
    m_theme->setObjectName(u"theme"_s);
    m_theme->setAccessibleName(tr("Theme"));
    m_theme->setToolTip(tr("Colours of the window; System follows the desktop"));
    for (const auto& [text, theme] :
         {std::pair{tr("System"), Settings::Theme::System}, std::pair{tr("Light"), Settings::Theme::Light},
          std::pair{tr("Dark"), Settings::Theme::Dark}})
        m_theme->addItem(text, int(theme));
    m_colorBlind->setObjectName(u"colorBlind"_s);
    m_colorBlind->setToolTip(tr("Other colours for the same values"));
    addField(makeForm(card), tr("Theme"), m_theme);
    card->body()->addWidget(m_colorBlind);
    connect(m_theme, &QComboBox::activated, this,
            [this] { m_services.settings.setTheme(Settings::Theme(m_theme->currentData().toInt())); });
    connect(m_colorBlind, &QCheckBox::clicked, this, [this](bool on) { m_services.settings.setColorBlindMap(on); });
    return card;
}

QWidget* SettingsPage::makeComputing()
{
    auto* card = new Card(tr("Computing"), this);
    m_engine->setObjectName(u"engine"_s);
    m_engine->setAccessibleName(tr("Engine"));
    m_engine->setToolTip(tr("What computes inspections; the model in use is loaded again"));
    m_engine->addItem(tr("Automatic"), engineName(Engine::Auto));
    QStringList missing;
    auto* items = qobject_cast<QStandardItemModel*>(m_engine->model());
    for (const Engine engine : allEngines()) {
        m_engine->addItem(engineName(engine), engineName(engine));
        const QString whyNot = whyNoEngine(engine);
        if (whyNot.isEmpty())
            continue;
        items->item(m_engine->count() - 1)->setEnabled(false);
        m_engine->setItemData(m_engine->count() - 1, whyNot, Qt::ToolTipRole);
        missing << tr("%1: %2").arg(engineName(engine), whyNot);
    }
    m_threads->setObjectName(u"threads"_s);
    m_threads->setAccessibleName(tr("Threads"));
    m_threads->setRange(0, kMostThreads);
    m_threads->setSpecialValueText(tr("One for each core"));
    m_threads->setToolTip(tr("Processor threads for networks, from the next start on"));

    QFormLayout* form = makeForm(card);
    addField(form, tr("Engine"), m_engine);
    form->addRow(makeCaption(tr("Automatic takes the fastest that was shown to judge as LibTorch does."), card));
    if (!missing.isEmpty()) {
        QLabel* reasons = makeCaption(missing.join(u'\n'), card);
        reasons->setObjectName(u"missingEngines"_s);
        form->addRow(reasons);
    }
    addField(form, tr("Threads"), m_threads);
    form->addRow(makeCaption(tr("The number of threads takes effect at the next start."), card));
    connect(m_engine, &QComboBox::activated, this,
            [this] { m_services.settings.setEngine(m_engine->currentData().toString()); });
    connect(m_threads, &QSpinBox::valueChanged, this, [this](int count) { m_services.settings.setThreads(count); });
    return card;
}

QWidget* SettingsPage::makeData()
{
    auto* card = new Card(tr("Data"), this);
    QFormLayout* form = makeForm(card);
    const auto add = [&](const QString& title, const QString& path, const QString& toolTip) {
        // A field, not a label: long paths scroll and can be copied with the keyboard.
        auto* field = new QLineEdit(QDir::toNativeSeparators(path), card);
        field->setReadOnly(true);
        field->setCursorPosition(0);
        field->setAccessibleName(title);
        field->setToolTip(tr("%1: %2").arg(toolTip, field->text()));
        addField(form, title, field);
    };
    add(tr("Database"), m_services.database.file(), tr("Products, inspections and trainings"));
    add(tr("Models"), m_services.modelFolder, tr("Where trained models go"));
    return card;
}

void SettingsPage::showSettings()
{
    const Settings& settings = m_services.settings;
    m_theme->setCurrentIndex(m_theme->findData(int(settings.theme())));
    m_colorBlind->setChecked(settings.colorBlindMap());
    m_engine->setCurrentIndex(m_engine->findData(engineName(sessionOptions(m_services).engine)));
    const QSignalBlocker silent(m_threads);
    m_threads->setValue(settings.threads());
}

} // namespace lynceus
