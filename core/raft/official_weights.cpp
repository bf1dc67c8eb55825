// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/official_weights.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QRegularExpression>
#include <QtCore/QStringList>

#include <optional>
#include <utility>
#include <vector>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// Torchvision's name of a key; empty for a second name of another tensor, none for a key that is not the authors'.
std::optional<QString> renamed(QString key)
{
    using Rule = std::pair<QRegularExpression, QString>;
    static const QRegularExpression kModule(u"^module\\."_s);
    static const std::vector<Rule> kRules{
        {QRegularExpression(u"^[fc]net\\.layer\\d\\.\\d\\.norm[34]\\..*"_s), u""_s},
        {QRegularExpression(u"^([fc]net)\\.conv1\\."_s), u"\\1.convnormrelu.0."_s},
        {QRegularExpression(u"^([fc]net)\\.norm1\\."_s), u"\\1.convnormrelu.1."_s},
        {QRegularExpression(u"^([fc]net)\\.conv2\\."_s), u"\\1.conv."_s},
        {QRegularExpression(u"^([fc]net\\.layer\\d\\.\\d)\\.conv(\\d)\\."_s), u"\\1.convnormrelu\\2.0."_s},
        {QRegularExpression(u"^([fc]net\\.layer\\d\\.\\d)\\.norm([12])\\."_s), u"\\1.convnormrelu\\2.1."_s},
        {QRegularExpression(u"^([fc]net\\.layer\\d\\.\\d\\.downsample\\.[01])\\."_s), u"\\1."_s},
        {QRegularExpression(u"^update_block\\.encoder\\.convc(\\d)\\."_s),
         u"update_block.motion_encoder.convcorr\\1.0."_s},
        {QRegularExpression(u"^update_block\\.encoder\\.convf(\\d)\\."_s),
         u"update_block.motion_encoder.convflow\\1.0."_s},
        {QRegularExpression(u"^update_block\\.encoder\\.conv\\."_s), u"update_block.motion_encoder.conv.0."_s},
        {QRegularExpression(u"^update_block\\.gru\\.(conv[zrq])([12])\\."_s),
         u"update_block.recurrent_block.convgru\\2.\\1."_s},
        {QRegularExpression(u"^update_block\\.gru\\.(conv[zrq])\\."_s),
         u"update_block.recurrent_block.convgru1.\\1."_s},
        {QRegularExpression(u"^(update_block\\.flow_head)\\."_s), u"\\1."_s},
        {QRegularExpression(u"^update_block\\.mask\\.0\\."_s), u"mask_predictor.convrelu.0."_s},
        {QRegularExpression(u"^update_block\\.mask\\.2\\."_s), u"mask_predictor.conv."_s},
    };
    key.remove(kModule);
    for (const auto& [pattern, replacement] : kRules) {
        if (!pattern.match(key).hasMatch())
            continue;
        key.replace(pattern, replacement);
        if (key.startsWith(u"fnet."))
            key.replace(0, 4, u"feature_encoder"_s);
        else if (key.startsWith(u"cnet."))
            key.replace(0, 4, u"context_encoder"_s);
        return key;
    }
    return std::nullopt;
}

} // namespace

StateDict fromOfficialKeys(const StateDict& official, const QString& source)
{
    StateDict values;
    QStringList unknown;
    for (const auto& [key, tensor] : official) {
        const auto name = renamed(QString::fromStdString(key));
        if (!name)
            unknown.append(QString::fromStdString(key));
        else if (!name->isEmpty())
            values.emplace(name->toStdString(), tensor);
    }
    if (!unknown.isEmpty()) {
        throw Error(ErrorKind::Model,
                    QCoreApplication::translate("core", "%1 is no file of RAFT's authors: it holds %2.")
                        .arg(source, unknown.join(u", "_s)),
                    QCoreApplication::translate("core", "Choose a checkpoint of princeton-vl/RAFT."));
    }
    return values;
}

} // namespace lynceus
