// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/u2net/bench.h"

#include "core/nn/layers.h"
#include "core/nn/network_bench.h"
#include "core/nn/torch.h"
#include "core/u2net/gate_subject.h"

namespace lynceus {

QJsonObject benchU2Net(const QString& variant, cv::Size size, const std::vector<Engine>& engines, int runs,
                       const TaskContext& context)
{
    U2Net net(variant);
    initialise(*net, 1);
    prepareForInference(*net);
    net->foldBatchNorms();
    layOutChannelsLast(*net);

    NetworkBench bench;
    bench.name = variant;
    bench.size = size;
    bench.network = U2NetGateSubject(net, size, variant).networks({}).front().network;
    usePictures(bench);
    return benchNetwork(bench, engines, runs, context);
}

} // namespace lynceus
