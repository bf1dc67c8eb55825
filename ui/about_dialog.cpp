// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/about_dialog.h"

#include "core/base/version.h"
#include "core/nn/device.h"
#include "ui/icons.h"
#include "ui/theme.h"

#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QVBoxLayout>

#include <opencv2/core/version.hpp>

namespace lynceus {

using namespace Qt::StringLiterals;

AboutDialog::AboutDialog(QWidget* parent)
    : QDialog(parent)
{
    setWindowTitle(tr("About Lynceus"));
    setAttribute(Qt::WA_DeleteOnClose);

    auto* mark = new QLabel(this);
    mark->setPixmap(programIcon().pixmap(QSize(56, 56), devicePixelRatio()));
    auto* name = new QLabel(tr("Lynceus %1").arg(programVersion()), this);
    theme::setRole(name, theme::TextRole::Title);
    auto* what = new QLabel(tr("Visual inspection for industry. Free software under the GNU General Public License, "
                               "version 3 or later; it comes without any warranty."),
                            this);
    what->setWordWrap(true);

    auto* texts = new QVBoxLayout;
    texts->addWidget(name);
    texts->addWidget(what);
    auto* head = new QHBoxLayout;
    head->setSpacing(16);
    head->addWidget(mark, 0, Qt::AlignTop);
    head->addLayout(texts, 1);

    struct Library
    {
        QString name;
        QString version;
        QString licence;
    };
    const Library libraries[] = {
        {u"Qt"_s, QString::fromLatin1(qVersion()), u"LGPL-3.0"_s},
        {u"LibTorch"_s, torchVersion(), u"BSD-3-Clause"_s},
        {u"OpenCV"_s, QString::fromLatin1(CV_VERSION), u"Apache-2.0"_s},
        {u"QCustomPlot"_s, u"2"_s, u"GPL-3.0-or-later"_s},
        {u"SQLite"_s, u"3"_s, tr("public domain")},
    };
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(24);
    grid->setVerticalSpacing(6);
    int row = 0;
    for (const Library& library : libraries) {
        auto* licence = new QLabel(library.licence, this);
        theme::setRole(licence, theme::TextRole::Secondary);
        grid->addWidget(new QLabel(library.name, this), row, 0);
        grid->addWidget(new QLabel(library.version, this), row, 1);
        grid->addWidget(licence, row++, 2);
    }
    grid->setColumnStretch(2, 1);
    auto* heading = new QLabel(tr("Built on"), this);
    theme::setRole(heading, theme::TextRole::Heading);
    auto* machine = new QLabel(machineDescription(), this);
    machine->setWordWrap(true);
    machine->setTextInteractionFlags(Qt::TextSelectableByMouse);
    theme::setRole(machine, theme::TextRole::Caption);

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 24, 24, 16);
    layout->setSpacing(16);
    layout->addLayout(head);
    layout->addWidget(heading);
    layout->addLayout(grid);
    layout->addWidget(machine);
    layout->addWidget(buttons);
    setMinimumWidth(460);
}

} // namespace lynceus
