// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"

#include <QtWidgets/QWidget>

#include <functional>
#include <vector>

class QComboBox;
class QFormLayout;
class QSpinBox;

namespace lynceus {

/// Sliders for the options of simulated defects: kinds, size, opacity, textures, and where on the picture they lie.
class SimulatorForm : public QWidget
{
    Q_OBJECT

public:
    explicit SimulatorForm(QWidget* parent = nullptr);

    /// Keys of the options that have a field here.
    static const QStringList& keys();

    /// The options here that differ from their defaults, by key.
    QJsonObject values() const;
    static QJsonObject valuesOf(const MemSegOptions& options); ///< the same of any options
    /// Sets these and everything else to its default; values that an option does not take are left out.
    void setValues(const QJsonObject& values);
    /// Puts what is set here into `options`.
    void applyTo(MemSegOptions& options) const;
    void setTextureFolder(const QString& folder); ///< empty: the built-in textures

Q_SIGNALS:
    void changed();

private:
    void addSlider(const QString& label, const QString& name, const QString& toolTip, double low, double high,
                   double step, std::function<double()> get, std::function<void(double)> set,
                   std::function<QString(double)> text);
    void addChoices();
    void showValues(); ///< puts the values into the fields
    void change();

    SimulatorOptions m_options;
    QFormLayout* m_form;
    QComboBox* m_textures;
    QComboBox* m_foreground;
    QSpinBox* m_grey;
    std::vector<std::function<void()>> m_shows; ///< one for each slider
};

} // namespace lynceus
