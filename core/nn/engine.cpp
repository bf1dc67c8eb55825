// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/engine.h"

#include "core/base/error.h"
#include "core/nn/openvino_network.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

namespace lynceus {

using namespace Qt::StringLiterals;

const std::vector<Engine>& allEngines()
{
    static const std::vector<Engine> kEngines{Engine::LibTorch, Engine::OpenVinoFp32, Engine::OpenVinoBf16,
                                              Engine::OpenVinoInt8};
    return kEngines;
}

QString engineName(Engine engine)
{
    switch (engine) {
    case Engine::Auto:
        return u"auto"_s;
    case Engine::LibTorch:
        return u"libtorch"_s;
    case Engine::OpenVinoFp32:
        return u"openvino-fp32"_s;
    case Engine::OpenVinoBf16:
        return u"openvino-bf16"_s;
    case Engine::OpenVinoInt8:
        return u"openvino-int8"_s;
    }
    return {};
}

Engine engineFromName(const QString& name)
{
    QStringList names{engineName(Engine::Auto)};
    if (name == names.front())
        return Engine::Auto;
    for (const Engine engine : allEngines()) {
        if (name == engineName(engine))
            return engine;
        names.append(engineName(engine));
    }
    throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is no engine \"%1\".").arg(name),
                QCoreApplication::translate("core", "Use one of %1.").arg(names.join(u", "_s)));
}

QString whyNoEngine(Engine engine)
{
    if (engine == Engine::Auto || engine == Engine::LibTorch)
        return {};
    return OpenVinoNetwork::whyNot(engine);
}

bool engineAvailable(Engine engine)
{
    return whyNoEngine(engine).isEmpty();
}

void requireEngine(Engine engine)
{
    const QString why = whyNoEngine(engine);
    if (why.isEmpty())
        return;
    throw Error(ErrorKind::Input,
                QCoreApplication::translate("core", "The engine %1 is not available: %2").arg(engineName(engine), why),
                QCoreApplication::translate("core", "Use auto or libtorch."));
}

} // namespace lynceus
