// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/services.h"

#include <QtWidgets/QWidget>

class QCheckBox;
class QComboBox;
class QSpinBox;

namespace lynceus {

class EnginesCard;
class ModelCompiler;

/// How the program looks and computes, the engines of the model in use, and where data lies. What is changed here holds
/// at once and everywhere; what is changed elsewhere shows here.
class SettingsPage : public QWidget
{
    Q_OBJECT

public:
    SettingsPage(const Services& services, ModelCompiler* compiler, QWidget* parent = nullptr);

    EnginesCard* engines() const { return m_engines; }

private:
    QWidget* makeAppearance();
    QWidget* makeComputing();
    QWidget* makeData();
    void showSettings();

    Services m_services;
    QComboBox* m_theme;
    QCheckBox* m_colorBlind;
    QComboBox* m_engine;
    QSpinBox* m_threads;
    EnginesCard* m_engines = nullptr;
};

} // namespace lynceus
