// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"

#include <QtCore/QAbstractTableModel>
#include <QtCore/QMap>
#include <QtWidgets/QWidget>

#include <vector>

class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QSpinBox;

namespace lynceus {

class ModelStore;

/// The options that the form does not show, as key, value and meaning. Values differ from the default only where set.
class AdvancedOptionsModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Key, Value, Meaning, ColumnCount };

    /// `shown`: keys that the form has a field for.
    explicit AdvancedOptionsModel(const QStringList& shown, QObject* parent = nullptr);

    const QMap<QString, QString>& changes() const { return m_changes; }
    void reset();
    /// As if `value` had been entered for the option.
    void set(const QString& key, const QString& value);
    /// Changes of `options` from the defaults.
    void setOptions(const MemSegOptions& options);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    /// False, and refused() says why, when the option does not take the value. An empty text sets the default again.
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void refused(const QString& reason);
    void changed();

private:
    struct Option
    {
        QString key;
        QString meaning;
        QString standard;
    };

    std::vector<Option> m_options;
    QMap<QString, QString> m_changes;
};

/// The few options of a training that matter, and a way to the others.
class TrainingOptionsForm : public QWidget
{
    Q_OBJECT

public:
    explicit TrainingOptionsForm(const ModelStore& store, QWidget* parent = nullptr);

    /// Throws Error(Input) naming the option.
    MemSegOptions options() const;
    /// All but those of the simulated defects and the images left out, which have their fields elsewhere.
    void setOptions(const MemSegOptions& options);
    /// Lists the encoders of the model store again; throws Error(Format) on a broken manifest.
    void refreshEncoders();
    void openAdvanced();
    AdvancedOptionsModel* advanced() const { return m_advanced; }

Q_SIGNALS:
    void changed(); ///< an option has another value

private:
    void fillEncoders();
    void showUnit();

    const ModelStore& m_store;
    AdvancedOptionsModel* m_advanced;
    QComboBox* m_encoder;
    QFormLayout* m_form;
    QComboBox* m_size;
    QDoubleSpinBox* m_defect;
    QComboBox* m_unit;
    QDoubleSpinBox* m_scale;
    QComboBox* m_decoder;
    QDoubleSpinBox* m_minutes;
    QSpinBox* m_memory;
    QSpinBox* m_seed;
};

} // namespace lynceus
