// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"
#include "core/weights/safetensors.h"

#include <map>
#include <string>
#include <vector>

namespace lynceus {

using StateDict = std::map<std::string, torch::Tensor>;

/// Parameters and buffers under their dotted names, as in Python's state_dict(). Shares memory with the module.
StateDict stateDict(const torch::nn::Module& module);

/// A tensor of the file, copied; F16 and BF16 become float32.
torch::Tensor readTensor(const SafetensorsFile& file, const std::string& name);
/// All tensors whose name starts with `prefix`, the prefix removed.
StateDict readStateDict(const SafetensorsFile& file, const std::string& prefix = {});

/// Throws Error(Model) naming `source` and a tensor that holds an infinity or something that is no number: a network
/// may turn either into a score that looks good.
void requireFinite(const StateDict& values, const QString& source);

/// Which keys may be missing or left over, by prefix ("fc.").
struct LoadTolerance
{
    std::vector<std::string> missing;
    std::vector<std::string> unexpected;
};

/// Copies `values` into the module's parameters and buffers (with copy_, without gradients). Strict: missing,
/// unexpected and misshapen keys are all listed in one Error(Model) that names `source`; nothing is changed then.
/// `num_batches_tracked` may be missing.
void loadState(torch::nn::Module& module, const StateDict& values, const QString& source,
               const LoadTolerance& tolerance = {});

/// Views of the tensors for writeSafetensors. `storage` receives the contiguous CPU copies that the views point into
/// and must outlive them. `half`: floating tensors with more than 1024 elements as F16.
std::vector<NamedTensor> viewsOf(const StateDict& values, std::vector<torch::Tensor>& storage, bool half = false);

/// The formula fill of methods.md 0.3 (fixtures of Annex B): every entry computed from its key.
void formulaFill(torch::nn::Module& module, const std::string& prefix = {});
/// Input "k" of 0.3.
torch::Tensor formulaInput(const std::string& key, const std::vector<std::int64_t>& shape);

} // namespace lynceus
