// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/image/input_size.h"
#include "core/image/preprocessing.h"
#include "core/memseg/network.h"
#include "core/memseg/training_batches.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

#include <cstdint>
#include <memory>
#include <vector>

namespace lynceus {

// What a training settles before its first step.

/// Those of `samples` whose files hold the same bytes as an earlier one's: they say nothing new, and a copy of a
/// left-out image would hide how new it looks. `samples` keeps the others. Throws Error(File) naming an image.
std::vector<Sample> takeCopiesOut(std::vector<Sample>& samples, const CancelToken& cancel);

QStringList sampleNames(const std::vector<Sample>& samples);
/// The first few names, and how many more there are.
QString shortList(const QStringList& names);

/// What findParts() found.
struct PartsFound
{
    std::vector<Sample> notFound; ///< in which no part was found as in the others; nothing can be learnt from them
    QString text;                 ///< what was settled and why, for a person
    bool anyAngle = false;        ///< a part was found whose shape does not tell how it is turned
};

/// Settles whether parts are turned upright, as `align` asks for it: sets options.preprocessing.part, or leaves it
/// empty. Throws Error(Input) with the reason when it is "on" and can't be done, Error(File | Format) naming an image.
PartsFound findParts(MemSegOptions& options, const std::vector<Sample>& samples, const TaskContext& context);

/// Those of many samples from which findParts() learns how parts lie: it settles the same on them alone in a time that
/// doesn't grow with the folder, but says nothing about the others.
std::vector<Sample> samplesToFindPartsIn(const std::vector<Sample>& samples);

/// Those of `samples` that can be prepared: where parts are found first, those in which one was.
std::vector<Sample> withPart(const std::vector<Sample>& samples, const Preprocessing& how, const CancelToken& cancel);

/// What fitInput() settled.
struct InputFit
{
    Sight sight;       ///< what the input shows of the median picture, or of the upright part
    QStringList texts; ///< for a person; may be empty
};

/// Settles the network's input as auto_size, smallest_defect and keep_aspect ask for it, by the median size and aspect
/// ratio of some of the images, or of the upright part; sides are multiples of 32. With it go nearest_keys where that
/// is 0, and the decoder, which inputs above 640 x 640 pixels do without where the branch can judge alone. Doing it
/// again changes nothing. Throws Error(File | Format) naming an image, Error(Input) when other options do not go with
/// the size or the smallest defect is larger than the pictures.
InputFit fitInput(MemSegOptions& options, const std::vector<Sample>& samples, const CancelToken& cancel);

/// Where good parts are, CV_8U 0/255 at network size: every place that is part on some of the images, with a margin of
/// 3 % of the longer side. `how` tells part from background; holes are filled.
cv::Mat partMask(const PreparedImages& images, ForegroundOptions how, const CancelToken& cancel);

/// sha256 over names, sizes and contents.
QString dataHash(const std::vector<Sample>& samples, const CancelToken& cancel);

/// Uniform within 1/sqrt(fan in), as torch initialises convolutions, but from `seed` alone.
void initialiseUniform(torch::nn::Module& module, std::uint64_t seed);

/// Model files hold large tensors as F16 (viewsOf). Rounding them before anything is derived from them keeps the memory
/// and the figures true to the network that will be loaded.
void roundToHalf(const StateDict& state);

/// Loads the encoder's weights from `file`, or makes random ones from `seed` when it is empty, whose batch norms are
/// set by `images`; random features are badly scaled without that. The encoder is frozen and everything is laid out
/// channels-last.
void prepareEncoder(MemSegNetworkImpl& network, const QString& file, std::uint64_t seed, const PreparedImages& images,
                    const CancelToken& cancel);

std::vector<torch::Tensor> trainableOf(const torch::nn::Module& module);

/// methods.md 1.3, Optimiser. Whoever uses it sets the learning rate before each step.
std::unique_ptr<torch::optim::Optimizer> makeOptimizer(const std::vector<torch::Tensor>& parameters, bool paper);

} // namespace lynceus
