// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/network_set.h"

#include "core/nn/device.h"
#include "core/nn/openvino_network.h"
#include "core/nn/torch.h"

namespace lynceus {

NetworkIrs translateNetworks(const std::vector<GateNetwork>& networks)
{
    requireEngine(Engine::OpenVinoFp32);
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    NetworkIrs irs;
    for (const GateNetwork& network : networks)
        irs[network.name] = irOf(*translate(network.network, network.examples));
    return irs;
}

NetworkIrs quantiseNetworks(const std::vector<GateNetwork>& networks, double searchSeconds, double wantedError,
                            QStringList* kept, const CancelToken& cancel)
{
    requireEngine(Engine::OpenVinoInt8);
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    NetworkIrs irs;
    for (const GateNetwork& network : networks) {
        Int8Options options;
        options.calibration = network.calibration;
        options.error = network.error;
        options.wantedError = network.wantedError.value_or(wantedError);
        options.searchSeconds = network.searchShare * searchSeconds;
        options.cancel = cancel;
        Int8Report report;
        irs[network.name] = irOf(*quantise(*translate(network.network, network.examples), options, report));
        if (kept) {
            for (const std::string& name : report.kept)
                kept->append(QString::fromStdString(name));
        }
    }
    return irs;
}

NetworkRunners compileNetworks(const NetworkIrs& networks, Engine engine, const QString& cacheFolder)
{
    CompileOptions options;
    options.engine = engine;
    options.channelsLast = true; // what methods compute with and LibTorch gives
    options.cacheFolder = cacheFolder;
    NetworkRunners runners;
    for (const auto& [name, ir] : networks)
        runners[name] = std::make_unique<OpenVinoNetwork>(ir, options);
    return runners;
}

} // namespace lynceus
