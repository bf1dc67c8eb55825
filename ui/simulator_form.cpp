// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/simulator_form.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QLocale>
#include <QtCore/QSignalBlocker>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QSlider>
#include <QtWidgets/QSpinBox>

#include <algorithm>
#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kValueWidth = 52;

enum TextureChoice { BuiltIn, Folder, ChooseFolder };

QString percent(double value)
{
    return SimulatorForm::tr("%1 %").arg(std::lround(value * 100.0));
}

} // namespace

SimulatorForm::SimulatorForm(QWidget* parent)
    : QWidget(parent)
    , m_form(new QFormLayout(this))
    , m_textures(new QComboBox(this))
    , m_foreground(new QComboBox(this))
    , m_grey(new QSpinBox(this))
{
    m_form->setContentsMargins(0, 0, 0, 0);
    m_form->setVerticalSpacing(2);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    SimulatorOptions& o = m_options;
    addSlider(
        tr("Foreign"), u"texture_probability"_s,
        tr("Share of defects that show a foreign texture; the others show the part itself, changed and jumbled"), 0.0,
        1.0, 0.05, [&o] { return o.textureProbability; }, [&o](double value) { o.textureProbability = value; },
        percent);
    addSlider(
        tr("Lines, spots"), u"shape_probability"_s,
        tr("Share of defects that are strokes and spots, like scratches and stains; the others are ragged patches"),
        0.0, 1.0, 0.05, [&o] { return o.shapeProbability; }, [&o](double value) { o.shapeProbability = value; },
        percent);
    // To the right is larger: what lies above a lower threshold is more.
    addSlider(
        tr("Patch size"), u"perlin_threshold"_s,
        tr("How much of the noise is defect: to the right are larger patches (perlin_threshold gets lower)"), -0.9, 0.0,
        0.05, [&o] { return -o.perlinThreshold; }, [&o](double value) { o.perlinThreshold = std::abs(value); },
        [](double value) { return percent(1.0 + value); });
    addSlider(
        tr("Detail"), u"perlin_scale_limit"_s,
        tr("The finest noise that patches are made of: to the right are more and smaller ones"), 1.0, 8.0, 1.0,
        [&o] { return double(o.perlinScaleLimit); }, [&o](double value) { o.perlinScaleLimit = int(value); },
        [](double value) { return QString::number(value); });
    addSlider(
        tr("Opacity from"), u"opacity_low"_s, tr("The faintest defect"), 0.0, 1.0, 0.05, [&o] { return o.opacityLow; },
        [&o](double value) {
            o.opacityLow = value;
            o.opacityHigh = std::max(o.opacityHigh, value);
        },
        percent);
    addSlider(
        tr("Opacity to"), u"opacity_high"_s, tr("The strongest defect"), 0.0, 1.0, 0.05, [&o] { return o.opacityHigh; },
        [&o](double value) {
            o.opacityHigh = value;
            o.opacityLow = std::min(o.opacityLow, value);
        },
        percent);
    addChoices();
    showValues();
}

const QStringList& SimulatorForm::keys()
{
    static const QStringList keys{u"texture_probability"_s, u"shape_probability"_s, u"perlin_threshold"_s,
                                  u"perlin_scale_limit"_s,  u"opacity_low"_s,       u"opacity_high"_s,
                                  u"texture_folder"_s,      u"foreground"_s,        u"foreground_threshold"_s};
    return keys;
}

void SimulatorForm::addSlider(const QString& label, const QString& name, const QString& toolTip, double low,
                              double high, double step, std::function<double()> get, std::function<void(double)> set,
                              std::function<QString(double)> text)
{
    auto* slider = new QSlider(Qt::Horizontal, this);
    slider->setObjectName(name);
    slider->setAccessibleName(label);
    slider->setToolTip(toolTip);
    slider->setRange(int(std::lround(low / step)), int(std::lround(high / step)));
    slider->setMinimumWidth(60);
    auto* value = new QLabel(this);
    value->setObjectName(name + u"_value"_s);
    value->setFont(theme::tabularFont());
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    value->setFixedWidth(kValueWidth);
    auto* row = new QHBoxLayout;
    row->addWidget(slider, 1);
    row->addWidget(value);
    m_form->addRow(label, row);
    m_shows.push_back([slider, value, step, get, text] {
        const QSignalBlocker blocker(slider);
        slider->setValue(int(std::lround(get() / step)));
        value->setText(text(get()));
    });
    connect(slider, &QSlider::valueChanged, this, [this, step, set](int position) {
        set(std::round(position * step * 1000.0) / 1000.0); // 0.15, not 0.15000000000000002
        change();
    });
}

void SimulatorForm::addChoices()
{
    m_textures->setObjectName(u"textures"_s);
    m_textures->setToolTip(tr("Where foreign textures come from"));
    m_textures->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_form->addRow(tr("Textures"), m_textures);
    connect(m_textures, &QComboBox::activated, this, [this](int index) {
        const int choice = m_textures->itemData(index).toInt();
        QString folder = choice == Folder ? m_options.textureFolder : QString();
        if (choice == ChooseFolder) {
            folder = QFileDialog::getExistingDirectory(this, tr("Choose a folder with texture pictures"),
                                                       m_options.textureFolder);
            if (folder.isEmpty()) {
                showValues();
                return;
            }
        }
        setTextureFolder(folder);
    });

    using Mode = ForegroundOptions::Mode;
    m_foreground->setObjectName(u"foreground"_s);
    m_foreground->setToolTip(tr("Where defects may lie: choose the whole picture when there is no background"));
    m_foreground->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_foreground->addItem(tr("On the part"), int(Mode::Otsu));
    m_foreground->addItem(tr("By grey value"), int(Mode::Threshold));
    m_foreground->addItem(tr("Anywhere"), int(Mode::Off));
    m_grey->setObjectName(u"foreground_threshold"_s);
    m_grey->setAccessibleName(tr("Grey value between part and background"));
    m_grey->setToolTip(tr("Grey value between part and background"));
    m_grey->setRange(0, 255);
    auto* row = new QHBoxLayout;
    row->addWidget(m_foreground, 1);
    row->addWidget(m_grey);
    m_form->addRow(tr("Place"), row);
    connect(m_foreground, &QComboBox::activated, this, [this](int index) {
        m_options.foreground.mode = Mode(m_foreground->itemData(index).toInt());
        change();
    });
    connect(m_grey, &QSpinBox::valueChanged, this, [this](int grey) {
        m_options.foreground.threshold = grey;
        change();
    });
}

void SimulatorForm::showValues()
{
    for (const auto& showSlider : m_shows)
        showSlider();
    m_textures->clear();
    m_textures->addItem(tr("Built in"), BuiltIn);
    if (!m_options.textureFolder.isEmpty())
        m_textures->addItem(QDir(m_options.textureFolder).dirName(), Folder);
    m_textures->addItem(tr("Choose folder…"), ChooseFolder);
    m_textures->setCurrentIndex(m_options.textureFolder.isEmpty() ? 0 : 1);
    m_foreground->setCurrentIndex(m_foreground->findData(int(m_options.foreground.mode)));
    const QSignalBlocker blocker(m_grey);
    m_grey->setValue(m_options.foreground.threshold);
    m_grey->setVisible(m_options.foreground.mode == ForegroundOptions::Mode::Threshold);
}

void SimulatorForm::change()
{
    showValues();
    Q_EMIT changed();
}

QJsonObject SimulatorForm::values() const
{
    MemSegOptions options;
    applyTo(options);
    return valuesOf(options);
}

QJsonObject SimulatorForm::valuesOf(const MemSegOptions& options)
{
    const QJsonObject standard = MemSegOptions().toJson();
    const QJsonObject all = options.toJson();
    QJsonObject values;
    for (const QString& key : keys()) {
        if (all.value(key) != standard.value(key))
            values.insert(key, all.value(key));
    }
    return values;
}

void SimulatorForm::setValues(const QJsonObject& values)
{
    MemSegOptions options;
    for (const QString& key : keys()) {
        if (!values.contains(key))
            continue;
        try {
            options.set(key, values.value(key).toVariant().toString());
        } catch (const Error& error) {
            qCWarning(logUi) << "A remembered value is left out:" << error.text();
        }
    }
    m_options = options.simulator;
    m_options.opacityHigh = std::max(m_options.opacityLow, m_options.opacityHigh);
    change();
}

void SimulatorForm::setTextureFolder(const QString& folder)
{
    m_options.textureFolder = folder;
    change();
}

void SimulatorForm::applyTo(MemSegOptions& options) const
{
    SimulatorOptions& target = options.simulator;
    target.textureProbability = m_options.textureProbability;
    target.shapeProbability = m_options.shapeProbability;
    target.perlinThreshold = m_options.perlinThreshold;
    target.perlinScaleLimit = m_options.perlinScaleLimit;
    target.opacityLow = m_options.opacityLow;
    target.opacityHigh = m_options.opacityHigh;
    target.textureFolder = m_options.textureFolder;
    target.foreground.mode = m_options.foreground.mode;
    target.foreground.threshold = m_options.foreground.threshold;
}

} // namespace lynceus
