// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QDialog>

class QLineEdit;
class QPushButton;

namespace lynceus {

/// Asks for what the model store keeps about a weights file: where it is, under which id, licence and origin.
class ImportWeightsDialog : public QDialog
{
    Q_OBJECT

public:
    explicit ImportWeightsDialog(QWidget* parent = nullptr);

    QString file() const;
    QString id() const;
    QString licence() const;
    QString origin() const;

private:
    void chooseFile();
    void follow();

    QLineEdit* m_file;
    QLineEdit* m_id;
    QLineEdit* m_licence;
    QLineEdit* m_origin;
    QPushButton* m_import;
};

} // namespace lynceus
