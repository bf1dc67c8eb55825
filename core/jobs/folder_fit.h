// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <optional>

namespace lynceus {

struct ModelInfo;

/// Whether the pictures of a folder show parts that a model knows, from their scores as they come. A picture is foreign
/// when it is NG and lies above the highest good score of the training by more than all good scores lie apart. Parts of
/// another kind are foreign, all of them; defective ones of the right kind are spread from the threshold on, so that a
/// folder which is defective to nine tenths is no false alarm; one of nothing but badly damaged parts can be. Measured
/// on four data sets with models of each: docs/memseg.md, Thresholds. Models whose file holds no good scores know
/// nothing of it.
class FolderFit
{
public:
    /// `pictures`: how many are to come.
    FolderFit(const ModelInfo& info, int pictures);

    /// The score of one that is not known to be defective.
    void add(double score);
    /// Nothing when it can't be known (yet).
    std::optional<bool> fits() const;
    /// What is wrong, and what to do about it; empty unless fits() is false.
    QString reason() const;
    QString remedy() const;
    /// fits (null: not known), reason.
    QJsonObject toJson() const;

private:
    std::optional<double> m_limit; ///< on the scale without ends
    int m_enough;
    int m_pictures = 0;
    int m_foreign = 0;
};

} // namespace lynceus
