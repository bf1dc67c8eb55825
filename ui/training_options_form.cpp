// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_options_form.h"

#include "core/base/error.h"
#include "core/image/input_size.h"
#include "core/weights/model_store.h"
#include "ui/simulator_form.h"
#include "ui/theme.h"

#include <QtCore/QFileInfo>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QDialog>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QTableView>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// Those with a slider beside the preview have their field there, and images are left out in the list of odd ones.
const QStringList& shownKeys()
{
    static const QStringList keys =
        QStringList{u"backbone"_s,     u"encoder"_s,         u"auto_size"_s,     u"input_width"_s,
                    u"input_height"_s, u"smallest_defect"_s, u"pixels_per_mm"_s, u"decoder"_s,
                    u"minutes"_s,      u"memory_images"_s,   u"seed"_s,          u"exclude"_s} +
        SimulatorForm::keys();
    return keys;
}

constexpr double kDefaultMinutes = 10.0;

QString sizeText(const QSize& size)
{
    return TrainingOptionsForm::tr("%1 × %2").arg(size.width()).arg(size.height());
}

/// Chooses the entry of that value; makes one when the list has none.
void choose(QComboBox* list, const QVariant& value, const QString& text)
{
    if (list->findData(value) < 0)
        list->addItem(text, value);
    list->setCurrentIndex(list->findData(value));
}

constexpr int kBackboneRole = Qt::UserRole + 1; ///< of the encoders' items

} // namespace

AdvancedOptionsModel::AdvancedOptionsModel(const QStringList& shown, QObject* parent)
    : QAbstractTableModel(parent)
{
    const QJsonObject standard = MemSegOptions().toJson();
    for (const auto& [key, meaning] : MemSegOptions::describe()) {
        if (!shown.contains(key))
            m_options.push_back({key, meaning, standard.value(key).toVariant().toString()});
    }
}

void AdvancedOptionsModel::reset()
{
    beginResetModel();
    m_changes.clear();
    endResetModel();
    Q_EMIT changed();
}

void AdvancedOptionsModel::set(const QString& key, const QString& value)
{
    for (int row = 0; row < rowCount(); ++row) {
        if (m_options[std::size_t(row)].key == key)
            setData(index(row, Value), value);
    }
}

void AdvancedOptionsModel::setOptions(const MemSegOptions& options)
{
    const QJsonObject values = options.toJson();
    beginResetModel();
    m_changes.clear();
    for (const Option& option : m_options) {
        if (const QString text = values.value(option.key).toVariant().toString(); text != option.standard)
            m_changes.insert(option.key, text);
    }
    endResetModel();
    Q_EMIT changed();
}

int AdvancedOptionsModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_options.size());
}

int AdvancedOptionsModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant AdvancedOptionsModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Option& option = m_options[std::size_t(index.row())];
    if (role == Qt::FontRole && index.column() == Value && m_changes.contains(option.key)) {
        QFont font;
        font.setBold(true);
        return font;
    }
    if (role == Qt::ForegroundRole && index.column() == Meaning)
        return theme::color(theme::Token::Secondary);
    if (role == Qt::ToolTipRole)
        return option.meaning;
    if (role != Qt::DisplayRole && role != Qt::EditRole)
        return {};
    switch (index.column()) {
    case Key:
        return option.key;
    case Value:
        return m_changes.value(option.key, option.standard);
    default:
        return option.meaning;
    }
}

bool AdvancedOptionsModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid) || index.column() != Value)
        return false;
    const Option& option = m_options[std::size_t(index.row())];
    const QString text = value.toString().trimmed();
    if (text.isEmpty() || text == option.standard) {
        m_changes.remove(option.key);
    } else {
        try {
            MemSegOptions().set(option.key, text);
        } catch (const Error& error) {
            Q_EMIT refused(error.text());
            return false;
        }
        m_changes.insert(option.key, text);
    }
    Q_EMIT dataChanged(index, index);
    Q_EMIT changed();
    return true;
}

Qt::ItemFlags AdvancedOptionsModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.column() == Value ? flags | Qt::ItemIsEditable : flags;
}

QVariant AdvancedOptionsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == Key ? tr("Option") : section == Value ? tr("Value") : tr("What it does");
}

TrainingOptionsForm::TrainingOptionsForm(const ModelStore& store, QWidget* parent)
    : QWidget(parent)
    , m_store(store)
    , m_advanced(new AdvancedOptionsModel(shownKeys(), this))
    , m_encoder(new QComboBox(this))
    , m_form(new QFormLayout(this))
    , m_size(new QComboBox(this))
    , m_defect(new QDoubleSpinBox(this))
    , m_unit(new QComboBox(this))
    , m_scale(new QDoubleSpinBox(this))
    , m_decoder(new QComboBox(this))
    , m_minutes(new QDoubleSpinBox(this))
    , m_memory(new QSpinBox(this))
    , m_seed(new QSpinBox(this))
{
    const MemSegOptions standard;
    m_size->addItem(tr("Automatic"), QSize()); // as the images allow and the smallest defect needs
    for (const int size : {128, 192, 256, 320, 384, 512})
        m_size->addItem(sizeText(QSize(size, size)), QSize(size, size));
    m_decoder->addItem(tr("Light, for CPUs"), u"light"_s);
    m_decoder->addItem(tr("None: ready in seconds"), u"none"_s);
    m_decoder->addItem(tr("Full, as in the paper"), u"full"_s);
    m_decoder->addItem(tr("Lite, as its reference"), u"lite"_s);
    m_defect->setRange(0.0, 10'000.0);
    m_defect->setSpecialValueText(tr("not said"));
    m_unit->addItem(tr("px"), false);
    m_unit->addItem(tr("mm"), true);
    m_unit->setObjectName(u"defectUnit"_s);
    m_unit->setAccessibleName(tr("Unit of the smallest defect"));
    m_unit->setToolTip(tr("Pixels of the picture, or millimetres when you know how many pixels a millimetre has"));
    m_scale->setRange(0.0, 100'000.0);
    m_scale->setDecimals(3);
    m_scale->setSpecialValueText(tr("not known"));
    m_minutes->setRange(0.0, 1440.0);
    m_minutes->setDecimals(0);
    m_minutes->setSuffix(tr(" min"));
    m_minutes->setSpecialValueText(tr("no limit"));
    m_minutes->setValue(kDefaultMinutes);
    m_memory->setRange(1, 1000);
    m_memory->setSuffix(tr(" parts"));
    m_memory->setValue(standard.memoryImages);
    m_seed->setRange(0, std::numeric_limits<int>::max());
    m_seed->setValue(int(standard.seed));

    m_form->setContentsMargins(0, 0, 0, 0);
    m_form->setVerticalSpacing(3);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    const auto add = [&](const QString& label, QWidget* field, const QString& name, const QString& toolTip) {
        field->setObjectName(name);
        field->setToolTip(toolTip);
        m_form->addRow(label, field);
    };
    const auto addPair = [&](const QString& text, QWidget* first, QWidget* second, int stretch) {
        auto* label = new QLabel(text, this);
        label->setBuddy(first);
        auto* pair = new QHBoxLayout;
        pair->addWidget(first, 1);
        pair->addWidget(second, stretch);
        m_form->addRow(label, pair);
    };
    add(tr("&Encoder"), m_encoder, u"encoder"_s,
        tr("The network that sees the features. Full and lite decoders need a ResNet-18, which Automatic then is"));
    add(tr("Si&ze"), m_size, u"size"_s,
        tr("Size of the network's input: larger sees smaller defects and takes longer. Automatic: as large as the "
           "smallest defect needs, or 384 × 384 where the images have the pixels for it, else 256 × 256"));
    m_defect->setObjectName(u"smallestDefect"_s);
    m_defect->setToolTip(
        tr("Longest side of the smallest defect that must be found, in the picture. With the automatic "
           "size the network's input becomes as fine as that needs; inspections then take longer"));
    addPair(tr("Smallest defect"), m_defect, m_unit, 0);
    add(tr("Pi&xels per mm"), m_scale, u"pixelsPerMm"_s, tr("Pixels of the picture to a millimetre of the part"));
    add(tr("&Decoder"), m_decoder, u"decoder"_s,
        tr("The part of MemSeg that learns. Without it the map is the distance to the nearest good part alone"));
    add(tr("&Budget"), m_minutes, u"minutes"_s, tr("The training is planned to be complete when this time is over"));
    m_memory->setObjectName(u"memory"_s);
    m_memory->setToolTip(tr("Good parts that the model keeps to compare with"));
    m_seed->setObjectName(u"seed"_s);
    m_seed->setAccessibleName(tr("Seed"));
    m_seed->setPrefix(tr("seed "));
    m_seed->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed); // seeds may be long, and hardly ever are
    m_seed->setToolTip(tr("The same seed, data and options give the same model"));
    addPair(tr("&Memory"), m_memory, m_seed, 1);

    connect(m_unit, &QComboBox::currentIndexChanged, this, &TrainingOptionsForm::showUnit);
    showUnit();
    for (const QComboBox* choice : {m_encoder, m_size, m_unit, m_decoder})
        connect(choice, &QComboBox::currentIndexChanged, this, &TrainingOptionsForm::changed);
    for (const QSpinBox* number : {m_memory, m_seed})
        connect(number, &QSpinBox::valueChanged, this, &TrainingOptionsForm::changed);
    for (const QDoubleSpinBox* number : {m_defect, m_scale, m_minutes})
        connect(number, &QDoubleSpinBox::valueChanged, this, &TrainingOptionsForm::changed);
    connect(m_advanced, &AdvancedOptionsModel::changed, this, &TrainingOptionsForm::changed);
}

/// The scale is asked for where it is needed.
void TrainingOptionsForm::showUnit()
{
    const bool isMm = m_unit->currentData().toBool();
    m_defect->setDecimals(isMm ? 3 : 0);
    m_form->setRowVisible(m_scale, isMm);
}

MemSegOptions TrainingOptionsForm::options() const
{
    MemSegOptions options;
    if (m_encoder->currentIndex() >= 0) { // empty until the store was read
        options.encoder = m_encoder->currentData().toString();
        options.backbone = m_encoder->currentData(kBackboneRole).toString();
    }
    options.decoder = m_decoder->currentData().toString();
    if (options.encoder == "auto"_L1 && (options.decoder == "full"_L1 || options.decoder == "lite"_L1))
        options.backbone = u"resnet18"_s; // the only one that they go with
    const QSize size = m_size->currentData().toSize();
    options.autoSize = size.isEmpty();
    if (!options.autoSize) {
        options.preprocessing.width = size.width();
        options.preprocessing.height = size.height();
    }
    if (m_defect->value() > 0.0)
        options.smallestDefect = Length{m_defect->value(), m_unit->currentData().toBool()}.text();
    options.pixelsPerMm = m_scale->value();
    options.minutes = m_minutes->value();
    options.memoryImages = m_memory->value();
    options.seed = std::uint64_t(m_seed->value());
    const QMap<QString, QString>& changes = m_advanced->changes();
    for (auto change = changes.begin(); change != changes.end(); ++change)
        options.set(change.key(), change.value());
    options.validate();
    return options;
}

void TrainingOptionsForm::setOptions(const MemSegOptions& options)
{
    {
        const QSignalBlocker blocker(this); // one change, not one for each field
        const QString encoder = QFileInfo(options.encoder).completeBaseName();
        choose(m_encoder, options.encoder, encoder.isEmpty() ? options.encoder : encoder);
        m_encoder->setItemData(m_encoder->currentIndex(), options.backbone, kBackboneRole);
        const QSize size =
            options.autoSize ? QSize() : QSize(options.preprocessing.width, options.preprocessing.height);
        choose(m_size, size, sizeText(size));
        const Length defect = Length::fromText(options.smallestDefect).value_or(Length{0.0, options.pixelsPerMm > 0.0});
        m_unit->setCurrentIndex(defect.isMillimetres ? 1 : 0);
        if (!defect.isMillimetres && std::floor(defect.value) != defect.value)
            m_defect->setDecimals(2);
        m_defect->setValue(defect.value);
        m_scale->setValue(options.pixelsPerMm);
        choose(m_decoder, options.decoder, options.decoder);
        const bool isWhole = std::floor(options.minutes) == options.minutes;
        m_minutes->setDecimals(isWhole ? 0 : 2);
        m_minutes->setValue(options.minutes);
        m_memory->setValue(options.memoryImages);
        m_seed->setValue(int(std::min(options.seed, std::uint64_t(m_seed->maximum()))));
    }
    m_advanced->setOptions(options);
}

void TrainingOptionsForm::refreshEncoders()
{
    const QString chosen = m_encoder->currentData().toString();
    {
        const QSignalBlocker blocker(m_encoder); // an entry is whole only when it has its backbone
        m_encoder->clear();
        fillEncoders();
        m_encoder->setCurrentIndex(std::max(m_encoder->findData(chosen), 0));
    }
    Q_EMIT changed();
}

void TrainingOptionsForm::fillEncoders()
{
    const auto add = [this](const QString& name, const QString& encoder, const QString& backbone) {
        m_encoder->addItem(name, encoder);
        m_encoder->setItemData(m_encoder->count() - 1, backbone, kBackboneRole);
    };
    add(tr("Automatic"), u"auto"_s, MemSegOptions().backbone);
    for (const ModelEntry& entry : m_store.list()) {
        if (entry.architecture == u"resnet18" || entry.architecture == u"mobilenetv2")
            add(entry.id, entry.id, entry.architecture);
    }
    add(tr("Random ResNet-18"), u"random"_s, u"resnet18"_s);
}

void TrainingOptionsForm::openAdvanced()
{
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Advanced options"));
    auto* table = new QTableView(dialog);
    table->setModel(m_advanced);
    table->setShowGrid(false);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(28);
    table->horizontalHeader()->setStretchLastSection(true);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table->setColumnWidth(AdvancedOptionsModel::Key, 170);
    table->setColumnWidth(AdvancedOptionsModel::Value, 130);
    table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::SelectedClicked |
                           QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    auto* refusal = new QLabel(dialog);
    refusal->setTextFormat(Qt::PlainText);
    refusal->setWordWrap(true);
    theme::setRole(refusal, theme::TextRole::Secondary);
    connect(m_advanced, &AdvancedOptionsModel::refused, refusal, &QLabel::setText);
    connect(m_advanced, &AdvancedOptionsModel::changed, refusal, &QLabel::clear);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Reset | QDialogButtonBox::Close, dialog);
    connect(buttons->button(QDialogButtonBox::Reset), &QPushButton::clicked, m_advanced, &AdvancedOptionsModel::reset);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    auto* layout = new QVBoxLayout(dialog);
    layout->addWidget(table, 1);
    layout->addWidget(refusal);
    layout->addWidget(buttons);
    dialog->resize(860, 560);
    dialog->open();
}

} // namespace lynceus
