// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/products.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/weights/model_file.h"
#include "ui/product_name_dialog.h"
#include "ui/products_dialog.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QLocale>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QWidget>

#include <algorithm>
#include <iterator>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// One way to write a path, so that two can be compared; empty stays empty.
QString whole(const QString& path)
{
    return path.isEmpty() ? path : QDir::cleanPath(QFileInfo(path).absoluteFilePath());
}

QString modelName(const QString& modelFile)
{
    return QFileInfo(modelFile).completeBaseName();
}

/// As people read it, "0.750" or "0.750, set by hand"; nothing when there is no such model.
std::optional<QString> thresholdOf(const QString& modelFile)
{
    if (modelFile.isEmpty())
        return std::nullopt;
    try {
        const ModelInfo info = readModelInfo(modelFile);
        const QString value = QLocale().toString(info.thresholds.score, 'f', 3);
        return info.calibration[u"kind"_s].toString() == u"manual" ? Products::tr("%1 (set by hand)").arg(value)
                                                                   : value;
    } catch (const Error&) {
        return std::nullopt; // opening it says what is wrong
    }
}

/// The name of the folder, with a number when a product has that name already.
QString freeName(const QString& folder, const std::vector<ProductRecord>& products)
{
    const QString base = QDir(folder).dirName();
    QString name = base;
    const auto isTaken = [&](const ProductRecord& product) { return product.name == name; };
    for (int i = 2; std::any_of(products.begin(), products.end(), isTaken); ++i)
        name = u"%1 %2"_s.arg(base).arg(i);
    return name;
}

} // namespace

Products::Products(const Services& services, QWidget* window)
    : QObject(window)
    , m_services(services)
    , m_window(window)
{
    // What was to be opened may never come.
    connect(&services.jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.state != JobStatus::State::Failed)
            return;
        m_folderComes = false;
        m_modelComes = false;
        Q_EMIT changed();
    });
}

std::optional<std::vector<ProductRecord>> Products::list()
{
    try {
        return ProductStore(m_services.database).list();
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return std::nullopt;
    }
}

bool Products::isChanged() const
{
    const auto differs = [](bool comes, const QString& open, const QString& own) {
        return !comes && !open.isEmpty() && open != whole(own);
    };
    const bool single = !m_folderComes && !m_folder.isEmpty() && !m_wholeFolder;
    return m_current && (single || differs(m_folderComes, m_folder, m_current->folder) ||
                         differs(m_modelComes, m_model, m_current->modelPath));
}

bool Products::isOpen() const
{
    return m_current && !m_folderComes && !m_modelComes && !isChanged();
}

bool Products::canUpdate() const
{
    if (!isChanged())
        return false;
    const bool otherFolder = m_wholeFolder && m_folder != whole(m_current->folder);
    return otherFolder || (!m_model.isEmpty() && m_model != whole(m_current->modelPath));
}

QString Products::title() const
{
    if (!m_current)
        return {};
    return isChanged() ? tr("%1 (changed)").arg(m_current->name) : m_current->name;
}

QString Products::describe() const
{
    if (!m_current)
        return tr("A product is the folder and the model of a part, under one name");
    QStringList lines{
        tr("Folder: %1").arg(QDir::toNativeSeparators(m_current->folder)),
        tr("Model: %1")
            .arg(m_current->modelPath.isEmpty() ? tr("none yet") : QDir::toNativeSeparators(m_current->modelPath))};
    if (!m_current->notes.isEmpty())
        lines << m_current->notes;
    if (isChanged())
        lines << (canUpdate()
                      ? tr("Another folder or model is open. “Update product” keeps it, opening the product goes back.")
                      : tr("Single images are open. Opening the product goes back to its folder."));
    return lines.join(u'\n');
}

void Products::open(qint64 id)
{
    std::optional<ProductRecord> product;
    try {
        product = ProductStore(m_services.database).find(id);
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return;
    }
    if (!product) {
        Q_EMIT errorOccurred(tr("The product no longer exists."), tr("Choose another one."));
        return;
    }
    if (product->folder.isEmpty() || !QFileInfo(product->folder).isDir()) {
        Q_EMIT errorOccurred(product->folder.isEmpty()
                                 ? tr("The product “%1” has no folder.").arg(product->name)
                                 : tr("The folder of the product “%1” is missing: %2")
                                       .arg(product->name, QDir::toNativeSeparators(product->folder)),
                             tr("Bring it back, or choose another one under Product > Products…"));
        return;
    }
    const bool hasModel = QFileInfo(product->modelPath).isFile();
    const QString folder = whole(product->folder);
    m_folderComes = m_folder != folder || !m_wholeFolder;
    m_modelComes = true;
    setCurrent(product);
    Q_EMIT openRequested(folder, hasModel ? whole(product->modelPath) : QString());
    if (!hasModel && !product->modelPath.isEmpty())
        Q_EMIT errorOccurred(tr("The model of the product “%1” is missing: %2")
                                 .arg(product->name, QDir::toNativeSeparators(product->modelPath)),
                             tr("Bring it back, choose another one under Product > Products…, or train one."));
}

bool Products::openLast()
{
    const qint64 id = m_services.settings.lastProduct();
    if (id == 0)
        return false;
    try {
        if (!ProductStore(m_services.database).find(id))
            return false;
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return false;
    }
    open(id);
    return true;
}

void Products::close()
{
    setCurrent({});
}

void Products::useModel(const QString& modelFile, const QString& folder)
{
    const auto products = list();
    if (!products)
        return;
    const QString path = whole(folder);
    std::vector<ProductRecord> here;
    std::copy_if(products->begin(), products->end(), std::back_inserter(here),
                 [&](const ProductRecord& product) { return whole(product.folder) == path; });
    const auto open = std::find_if(here.begin(), here.end(), [this](const ProductRecord& product) {
        return m_current && product.id == m_current->id;
    });
    if (open != here.end() || here.size() == 1) {
        take(open != here.end() ? *open : here.front(), modelFile);
        return;
    }
    auto* dialog = new ProductNameDialog(
        tr("Use for product"),
        tr("Which product is the model %1 for? Enter the name of a new one, or choose one.").arg(modelName(modelFile)),
        *products, true, m_window);
    dialog->setName(here.empty() ? freeName(path, *products) : here.front().name);
    connect(dialog, &QDialog::accepted, this, [this, dialog, modelFile, path] {
        if (const auto product = dialog->existing())
            take(*product, modelFile);
        else
            makeWithModel(dialog->name(), modelFile, path);
    });
    dialog->open();
}

/// A model takes its threshold along, which somebody may have set by hand: so the change is asked for.
void Products::take(const ProductRecord& product, const QString& modelFile)
{
    const auto before = thresholdOf(product.modelPath);
    const auto after = thresholdOf(modelFile);
    if (!before || !after || whole(product.modelPath) == whole(modelFile)) {
        give(product, modelFile,
             product.modelPath.isEmpty()
                 ? QString()
                 : tr("Before: %1. Its file stays as it is.").arg(modelName(product.modelPath)));
        return;
    }
    const QString name = u"modelQuestion"_s;
    delete m_window->findChild<QMessageBox*>(name); // about something else by now
    auto* box = new QMessageBox(QMessageBox::Question, tr("Replace the model?"),
                                tr("“%1” has a model already. Replace it, and its threshold?").arg(product.name),
                                QMessageBox::NoButton, m_window);
    box->setObjectName(name);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setInformativeText(tr("Now: %1, threshold %2\nThen: %3, threshold %4\nBoth files stay as they are.")
                                .arg(modelName(product.modelPath), *before, modelName(modelFile), *after));
    QPushButton* replace = box->addButton(tr("Replace"), QMessageBox::AcceptRole);
    QPushButton* keep = box->addButton(tr("Keep the model"), QMessageBox::RejectRole);
    box->setDefaultButton(keep);
    box->setEscapeButton(keep);
    const QString detail = tr("Undo brings back %1 and its threshold %2; now it is %3.")
                               .arg(modelName(product.modelPath), *before, *after);
    connect(replace, &QPushButton::clicked, this,
            [this, product, modelFile, detail] { give(product, modelFile, detail); });
    box->open();
}

void Products::give(const ProductRecord& product, const QString& modelFile, const QString& detail)
{
    ProductRecord after = product;
    after.modelPath = whole(modelFile);
    if (after.modelPath == whole(product.modelPath) ||
        replace(product, after, tr("“%1” now uses the model %2.").arg(product.name, modelName(modelFile)), detail))
        open(product.id);
}

void Products::makeWithModel(const QString& name, const QString& modelFile, const QString& folder)
{
    qint64 id = 0;
    try {
        id = ProductStore(m_services.database).add({0, name, folder, whole(modelFile), {}});
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return;
    }
    open(id);
    Q_EMIT noticed(tr("The product “%1” is there, with the model %2.").arg(name, modelName(modelFile)), {});
}

void Products::saveAs()
{
    const auto products = list();
    if (!canSave() || !products)
        return;
    auto* dialog = new ProductNameDialog(tr("Save as product"), tr("Folder and model that are open become a product."),
                                         *products, false, m_window);
    dialog->setName(freeName(m_folder, *products));
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        ProductRecord made{0, dialog->name(), m_folder, m_model, {}};
        try {
            made.id = ProductStore(m_services.database).add(made);
        } catch (const Error& error) {
            Q_EMIT errorOccurred(error.message(), error.remedy());
            return;
        }
        setCurrent(made);
    });
    dialog->open();
}

void Products::update()
{
    if (!canUpdate())
        return;
    const ProductRecord before = *m_current;
    ProductRecord after = before;
    if (canSave())
        after.folder = m_folder;
    if (!m_model.isEmpty())
        after.modelPath = m_model;
    QStringList details;
    if (after.folder != before.folder)
        details << tr("Folder before: %1").arg(QDir::toNativeSeparators(before.folder));
    if (after.modelPath != before.modelPath && !before.modelPath.isEmpty())
        details << tr("Model before: %1").arg(QDir::toNativeSeparators(before.modelPath));
    if (replace(before, after, tr("“%1” is updated.").arg(before.name), details.join(u'\n')))
        setCurrent(after);
}

void Products::edit()
{
    auto* dialog = new ProductsDialog(m_services, m_current ? m_current->id : 0, m_window);
    connect(dialog, &ProductsDialog::changed, this, &Products::reload);
    connect(dialog, &ProductsDialog::openRequested, this, &Products::open);
    dialog->open();
}

/// Offers the way back when it went well.
bool Products::replace(const ProductRecord& before, const ProductRecord& after, const QString& message,
                       const QString& detail)
{
    try {
        ProductStore(m_services.database).update(after);
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return false;
    }
    m_services.settings.followFolder(before.folder, after.folder);
    Q_EMIT undoOffered(message, detail, [this, before, after] { undo(before, after); });
    return true;
}

void Products::undo(const ProductRecord& before, const ProductRecord& after)
{
    try {
        ProductStore store(m_services.database);
        auto now = store.find(before.id);
        if (!now || now->folder != after.folder || now->modelPath != after.modelPath)
            throw Error(ErrorKind::Input, tr("The product “%1” was changed again since then.").arg(before.name),
                        tr("Choose its model and folder under Product > Products…"));
        now->folder = before.folder;
        now->modelPath = before.modelPath;
        store.update(*now);
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return;
    }
    open(before.id);
}

void Products::setFolder(const QString& folder, bool isWhole)
{
    m_folder = whole(folder);
    m_wholeFolder = isWhole;
    m_folderComes = false;
    Q_EMIT changed();
}

void Products::setModel(const QString& modelFile)
{
    m_model = whole(modelFile);
    m_modelComes = false;
    Q_EMIT changed();
}

void Products::setCurrent(std::optional<ProductRecord> product)
{
    m_current = std::move(product);
    m_services.settings.setLastProduct(m_current ? m_current->id : 0);
    Q_EMIT changed();
}

/// After somebody edited products.
void Products::reload()
{
    if (!m_current)
        return;
    std::optional<ProductRecord> now;
    try {
        now = ProductStore(m_services.database).find(m_current->id);
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return;
    }
    const bool moved = now && (now->folder != m_current->folder || now->modelPath != m_current->modelPath);
    setCurrent(now);
    if (moved)
        open(now->id);
}

} // namespace lynceus
