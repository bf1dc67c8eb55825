// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/encoder_bench.h"

#include "core/base/error.h"
#include "core/nn/layers.h"
#include "core/nn/mobilenet.h"
#include "core/nn/network_bench.h"
#include "core/nn/resnet.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kSideStep = 32; ///< of an encoder's input

/// A function of "image" that gives "f0", "f1", ...
template <typename Encoder>
TensorFunction levelsOf(Encoder encoder)
{
    return [encoder](const NamedTensors& inputs) mutable {
        NamedTensors outputs;
        for (const torch::Tensor& level : encoder(tensorOf(inputs, "image")))
            outputs.emplace_back("f" + std::to_string(outputs.size()), level);
        return outputs;
    };
}

} // namespace

QJsonObject benchEncoder(const QString& name, cv::Size size, const std::vector<Engine>& engines, int runs,
                         const TaskContext& context)
{
    if (size.width < kSideStep || size.height < kSideStep || size.width % kSideStep != 0 ||
        size.height % kSideStep != 0) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 cannot be timed at %2 x %3.")
                        .arg(name)
                        .arg(size.width)
                        .arg(size.height),
                    QCoreApplication::translate("core", "Use multiples of %1.").arg(kSideStep));
    }
    NetworkBench bench;
    bench.name = name;
    bench.size = size;
    const torch::NoGradGuard noGrad;
    if (name == "resnet18"_L1) {
        ResNet18 net;
        initialise(*net, 1);
        prepareForInference(*net);
        net->foldBatchNorms();
        layOutChannelsLast(*net);
        bench.network = levelsOf([net](const torch::Tensor& x) mutable { return net->features(x); });
    } else {
        MobileNetV2 net;
        initialise(*net, 1);
        prepareForInference(*net);
        layOutChannelsLast(*net);
        bench.network = levelsOf([net](const torch::Tensor& x) mutable { return net->levels(x); });
    }
    usePictures(bench);
    return benchNetwork(bench, engines, runs, context);
}

} // namespace lynceus
