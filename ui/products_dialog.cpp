// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/products_dialog.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtGui/QShortcut>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTableView>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRowHeight = 28;
/// Pixels at first; the notes take what is left.
constexpr std::pair<ProductTableModel::Column, int> kWidths[] = {
    {ProductTableModel::Name, 170}, {ProductTableModel::Model, 180}, {ProductTableModel::Folder, 250}};

bool isTyped(int column)
{
    return column == ProductTableModel::Name || column == ProductTableModel::Notes;
}

} // namespace

ProductTableModel::ProductTableModel(const Services& services, QObject* parent)
    : QAbstractTableModel(parent)
    , m_services(services)
{
}

void ProductTableModel::reload()
{
    std::vector<ProductRecord> records = ProductStore(m_services.database).list();
    beginResetModel();
    m_rows.clear();
    for (ProductRecord& record : records)
        m_rows.push_back(rowFrom(std::move(record)));
    endResetModel();
}

ProductTableModel::Row ProductTableModel::rowFrom(ProductRecord record)
{
    const bool hasModel = QFileInfo(record.modelPath).isFile();
    const bool hasFolder = !record.folder.isEmpty() && QFileInfo(record.folder).isDir();
    return {std::move(record), hasModel, hasFolder};
}

int ProductTableModel::rowOf(qint64 productId) const
{
    const auto found =
        std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& row) { return row.record.id == productId; });
    return found == m_rows.end() ? -1 : int(found - m_rows.begin());
}

int ProductTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int ProductTableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QString ProductTableModel::display(const Row& row, int column)
{
    const auto withState = [](const QString& text, bool isThere) {
        return text.isEmpty() ? tr("none yet") : isThere ? text : tr("%1 (missing)").arg(text);
    };
    switch (column) {
    case Name:
        return row.record.name;
    case Model:
        return withState(QFileInfo(row.record.modelPath).completeBaseName(), row.hasModel);
    case Folder:
        return withState(QDir::toNativeSeparators(row.record.folder), row.hasFolder);
    case Notes:
        return QString(row.record.notes).replace(u'\n', u' ');
    default:
        return {};
    }
}

QVariant ProductTableModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row& row = m_rows[std::size_t(index.row())];
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return display(row, column);
    case Qt::EditRole:
        return column == Model    ? row.record.modelPath
               : column == Folder ? row.record.folder
               : column == Notes  ? row.record.notes
                                  : row.record.name;
    case Qt::ToolTipRole:
        return column == Model ? QDir::toNativeSeparators(row.record.modelPath) : display(row, column);
    case Qt::ForegroundRole: {
        const bool isMissing = (column == Model && !row.hasModel && !row.record.modelPath.isEmpty()) ||
                               (column == Folder && !row.hasFolder && !row.record.folder.isEmpty());
        return isMissing ? QVariant(theme::color(theme::Token::Ng)) : QVariant();
    }
    default:
        return {};
    }
}

bool ProductTableModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    if (value == index.data(Qt::EditRole))
        return true;
    Row& row = m_rows[std::size_t(index.row())];
    ProductRecord record = row.record;
    const QString text = value.toString().trimmed();
    QString& field = index.column() == Model    ? record.modelPath
                     : index.column() == Folder ? record.folder
                     : index.column() == Notes  ? record.notes
                                                : record.name;
    field = text;
    try {
        ProductStore(m_services.database).update(record);
    } catch (const Error& error) {
        Q_EMIT refused(error.text());
        return false;
    }
    if (index.column() == Folder)
        m_services.settings.followFolder(row.record.folder, record.folder);
    row = rowFrom(std::move(record));
    Q_EMIT dataChanged(index, index);
    return true;
}

Qt::ItemFlags ProductTableModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.isValid() && isTyped(index.column()) ? flags | Qt::ItemIsEditable : flags;
}

QVariant ProductTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= int(ColumnCount))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignVCenter | Qt::AlignLeft);
    if (role != Qt::DisplayRole)
        return {};
    switch (Column(section)) {
    case Name:
        return tr("Product");
    case Model:
        return tr("Model");
    case Folder:
        return tr("Folder");
    case Notes:
        return tr("Notes");
    case ColumnCount:
        break;
    }
    return {};
}

ProductsDialog::ProductsDialog(const Services& services, qint64 current, QWidget* parent)
    : QDialog(parent)
    , m_services(services)
    , m_model(new ProductTableModel(services, this))
    , m_view(new QTableView(this))
    , m_note(new QLabel(this))
    , m_open(add(u"openProduct"_s, tr("&Open"), tr("Open its folder with its model (Alt+O)")))
    , m_chooseModel(add(u"chooseModel"_s, tr("Choose &model…"), tr("Judge with another model file (Alt+M)")))
    , m_chooseFolder(add(u"chooseFolder"_s, tr("Choose &folder…"), tr("Look for its images elsewhere (Alt+F)")))
    , m_delete(add(u"deleteProduct"_s, tr("Delete…"), tr("Delete the product; images and model stay (Del)")))
{
    setWindowTitle(tr("Products"));
    setObjectName(u"productsDialog"_s);
    setAttribute(Qt::WA_DeleteOnClose);
    setUpView();
    m_note->setObjectName(u"productsNote"_s);
    m_note->setTextFormat(Qt::PlainText);
    m_note->setWordWrap(true);
    theme::setRole(m_note, theme::TextRole::Secondary);
    theme::setPrimary(m_open);

    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    for (QPushButton* button : {m_chooseModel, m_chooseFolder, m_delete})
        buttons->addWidget(button);
    buttons->addStretch();
    auto* close = add(u"closeProducts"_s, tr("Close"), tr("Close this window (Esc)"));
    buttons->addWidget(close);
    buttons->addWidget(m_open);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 16);
    layout->setSpacing(12);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_note);
    layout->addLayout(buttons);
    resize(860, 420);

    connect(m_open, &QPushButton::clicked, this, &ProductsDialog::openCurrent);
    connect(m_chooseModel, &QPushButton::clicked, this, &ProductsDialog::chooseModel);
    connect(m_chooseFolder, &QPushButton::clicked, this, &ProductsDialog::chooseFolder);
    connect(m_delete, &QPushButton::clicked, this, &ProductsDialog::askToDelete);
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    auto* key = new QShortcut(QKeySequence(Qt::Key_Delete), m_view);
    key->setWhatsThis(tr("Delete the product"));
    key->setContext(Qt::WidgetWithChildrenShortcut);
    connect(key, &QShortcut::activated, this, &ProductsDialog::askToDelete);
    connect(m_model, &ProductTableModel::refused, m_note, &QLabel::setText);
    connect(m_model, &ProductTableModel::dataChanged, this, [this] {
        showState();
        Q_EMIT changed();
    });
    try {
        m_model->reload();
    } catch (const Error& error) {
        m_note->setText(error.text());
        return;
    }
    m_view->selectRow(std::max(0, m_model->rowOf(current)));
    m_view->setFocus();
    showState();
}

QPushButton* ProductsDialog::add(const QString& name, const QString& text, const QString& toolTip)
{
    auto* button = new QPushButton(text, this);
    button->setObjectName(name);
    button->setToolTip(toolTip);
    button->setAutoDefault(false); // Return belongs to the table's editors
    return button;
}

void ProductsDialog::setUpView()
{
    m_view->setObjectName(u"products"_s);
    m_view->setAccessibleName(tr("Products"));
    m_view->setModel(m_model);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setTextElideMode(Qt::ElideMiddle);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(kRowHeight);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->horizontalHeader()->setStretchLastSection(true);
    for (const auto& [column, width] : kWidths)
        m_view->setColumnWidth(column, width);
    connect(m_view, &QTableView::doubleClicked, this, [this](const QModelIndex& index) {
        if (index.column() == ProductTableModel::Model)
            chooseModel();
        else if (index.column() == ProductTableModel::Folder)
            chooseFolder();
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ProductsDialog::showState);
}

void ProductsDialog::showState()
{
    const bool isOne = currentRow() >= 0;
    for (QPushButton* button : {m_open, m_chooseModel, m_chooseFolder, m_delete})
        button->setEnabled(isOne);
    m_note->setText(m_model->rowCount() == 0
                        ? tr("No product yet. Open a folder and a model, then choose Product > Save as product…")
                        : tr("F2 or a double click edits name and notes."));
}

int ProductsDialog::currentRow() const
{
    return m_view->currentIndex().row();
}

void ProductsDialog::openCurrent()
{
    const qint64 id = m_model->product(currentRow()).id;
    accept();
    Q_EMIT openRequested(id);
}

void ProductsDialog::chooseModel()
{
    const int row = currentRow();
    const QString now = m_model->product(row).modelPath;
    const QString file = QFileDialog::getOpenFileName(
        this, tr("Choose a model"), now.isEmpty() ? m_services.modelFolder : now, tr("Models (*.safetensors)"));
    if (!file.isEmpty())
        m_model->setData(m_model->index(row, ProductTableModel::Model), file);
}

void ProductsDialog::chooseFolder()
{
    const int row = currentRow();
    const QString folder =
        QFileDialog::getExistingDirectory(this, tr("Choose a folder of images"), m_model->product(row).folder);
    if (!folder.isEmpty())
        m_model->setData(m_model->index(row, ProductTableModel::Folder), folder);
}

void ProductsDialog::askToDelete()
{
    if (currentRow() < 0)
        return;
    const ProductRecord product = m_model->product(currentRow());
    auto* box = new QMessageBox(QMessageBox::Question, tr("Delete a product"),
                                tr("Delete the product “%1”?").arg(product.name), QMessageBox::NoButton, this);
    box->setObjectName(u"deleteQuestion"_s);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setInformativeText(tr("Its name and notes go. Its images, its model file and its runs stay."));
    QPushButton* drop = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(tr("Keep"), QMessageBox::RejectRole));
    connect(drop, &QPushButton::clicked, this, [this, id = product.id] { remove(id); });
    box->open();
}

void ProductsDialog::remove(qint64 id)
{
    const int row = m_model->rowOf(id);
    try {
        ProductStore(m_services.database).remove(id);
        m_model->reload();
    } catch (const Error& error) {
        m_note->setText(error.text());
        return;
    }
    if (m_model->rowCount() > 0)
        m_view->selectRow(std::min(row, m_model->rowCount() - 1));
    showState();
    Q_EMIT changed();
}

} // namespace lynceus
