// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/openvino_network.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/nn/device.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QStringList>

#include <openvino/op/constant.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/openvino.hpp>
#include <openvino/pass/serialize.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// One for the process: it holds the loaded plugins.
ov::Core& openVino()
{
    static ov::Core core;
    return core;
}

struct Port
{
    std::string name;
    std::vector<std::int64_t> shape; ///< N x C x H x W, whatever the layout
    bool channelsLast = false;

    torch::MemoryFormat format() const
    {
        return channelsLast ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    }
    /// The tensor's memory as OpenVINO sees it.
    ov::Tensor view(const torch::Tensor& tensor) const
    {
        ov::Shape sides(shape.begin(), shape.end());
        if (channelsLast)
            sides = {sides[0], sides[2], sides[3], sides[1]};
        return ov::Tensor(ov::element::f32, sides, tensor.data_ptr<float>());
    }
};

Port portOf(const ov::Node& node, bool channelsLast)
{
    const ov::Shape& shape = node.get_output_shape(0);
    return {node.get_friendly_name(), {shape.begin(), shape.end()}, channelsLast && shape.size() == 4};
}

/// The same model with inputs and outputs of four dimensions as N x H x W x C.
std::shared_ptr<ov::Model> withChannelsLastPorts(const ov::Model& model)
{
    const auto order = [](std::vector<std::int64_t> axes) {
        return std::make_shared<ov::op::v0::Constant>(ov::element::i64, ov::Shape{4}, axes);
    };
    const auto copy = model.clone();
    for (const auto& parameter : copy->get_parameters()) {
        const ov::Shape shape = parameter->get_shape();
        if (shape.size() != 4)
            continue;
        const auto users = parameter->output(0).get_target_inputs();
        parameter->set_partial_shape(ov::PartialShape(ov::Shape{shape[0], shape[2], shape[3], shape[1]}));
        parameter->validate_and_infer_types();
        const auto toPlanes = std::make_shared<ov::op::v1::Transpose>(parameter, order({0, 3, 1, 2}));
        for (auto user : users)
            user.replace_source_output(toPlanes->output(0));
    }
    for (const auto& result : copy->get_results()) {
        if (result->get_shape().size() == 4) {
            result->input(0).replace_source_output(
                std::make_shared<ov::op::v1::Transpose>(result->input_value(0), order({0, 2, 3, 1}))->output(0));
        }
    }
    copy->validate_nodes_and_infer_types();
    return copy;
}

QString shapeText(c10::IntArrayRef shape)
{
    QStringList sides;
    for (const std::int64_t side : shape)
        sides.append(QString::number(side));
    return sides.join(u" x "_s);
}

bool isShared(const torch::Tensor& tensor)
{
    return tensor.use_count() > 1 || tensor.storage().use_count() > 1;
}

std::shared_ptr<ov::Model> readIr(const NetworkIr& ir)
{
    try {
        // The model keeps the tensor, not the memory behind it, so it gets its own.
        ov::Tensor weights(ov::element::u8, ov::Shape{std::size_t(ir.bin.size())});
        std::copy(ir.bin.begin(), ir.bin.end(), static_cast<char*>(weights.data()));
        return openVino().read_model(ir.xml.toStdString(), weights);
    } catch (const std::exception& error) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "OpenVINO cannot read a compiled network: %1")
                        .arg(QString::fromUtf8(error.what()).trimmed()),
                    QCoreApplication::translate("core", "Compile the model again."));
    }
}

/// OpenVINO's kernels for 8-bit integers gain nothing below AVX2.
bool multipliesBytes()
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2");
#else
    return true;
#endif
}

/// What OpenVINO keeps of one network. It notices a file that was cut off, but not bytes that changed in the middle,
/// and would judge wrongly. So a checksum lies beside each file, and what does not fit it goes before OpenVINO looks.
class CheckedCache
{
public:
    explicit CheckedCache(const QString& folder)
        : m_folder(folder)
    {
        for (const QString& blob : blobs()) {
            QFile known(checksumFile(blob));
            if (known.open(QIODevice::ReadOnly) && known.readAll() == checksum(blob))
                continue;
            m_usable = QFile::remove(blob) && m_usable;
            QFile::remove(known.fileName());
        }
    }

    /// Nothing is in there that does not fit its checksum.
    bool usable() const { return m_usable; }

    /// Without a checksum, what was made anew is made anew next time.
    void keep() const
    {
        for (const QString& blob : blobs()) {
            QFile known(checksumFile(blob));
            if (!known.exists() && known.open(QIODevice::WriteOnly))
                known.write(checksum(blob));
        }
    }

private:
    QStringList blobs() const
    {
        QStringList files;
        if (!m_folder.isEmpty()) {
            for (const QFileInfo& file : QDir(m_folder).entryInfoList({u"*.blob"_s}, QDir::Files))
                files.append(file.filePath());
        }
        return files;
    }

    static QString checksumFile(const QString& blob) { return blob + u".sha256"_s; }

    static QByteArray checksum(const QString& path)
    {
        QFile file(path);
        QCryptographicHash hash(QCryptographicHash::Sha256);
        return file.open(QIODevice::ReadOnly) && hash.addData(&file) ? hash.result().toHex() : QByteArray();
    }

    QString m_folder;
    bool m_usable = true;
};

/// A folder of its own within the cache, so that only the network's own files have to be checked.
CompileOptions inOwnFolder(CompileOptions options, const NetworkIr& ir)
{
    if (!options.cacheFolder.isEmpty()) {
        QCryptographicHash hash(QCryptographicHash::Sha256);
        hash.addData(ir.xml);
        hash.addData(ir.bin);
        options.cacheFolder += u'/' + QString::fromLatin1(hash.result().toHex().left(16));
    }
    return options;
}

std::shared_ptr<ov::Model> prepared(const TensorFunction& network, const NamedTensors& examples,
                                    const CompileOptions& options, Int8Report& report)
{
    const auto model = translate(network, examples);
    return options.engine == Engine::OpenVinoInt8 ? quantise(*model, options.int8, report) : model;
}

} // namespace

struct OpenVinoNetwork::Private
{
    void compile(const CompileOptions& options);

    Engine engine = Engine::OpenVinoFp32;
    std::shared_ptr<ov::Model> model;
    ov::CompiledModel compiled;
    ov::InferRequest request;
    std::vector<Port> inputs;
    std::vector<Port> outputs;
    std::vector<torch::Tensor> buffers; ///< for the outputs
    Int8Report report;
    double compileMs = 0.0;
};

void OpenVinoNetwork::Private::compile(const CompileOptions& options)
{
    engine = options.engine;
    for (const auto& parameter : model->get_parameters())
        inputs.push_back(portOf(*parameter, options.channelsLast));
    for (const auto& result : model->get_results())
        outputs.push_back(portOf(*result, options.channelsLast));
    buffers.resize(outputs.size());

    useChosenThreads();
    ov::AnyMap properties{
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
        ov::hint::inference_precision(engine == Engine::OpenVinoBf16 ? ov::element::bf16 : ov::element::f32),
        ov::num_streams(1),
        ov::inference_num_threads(threads()),
        ov::hint::enable_cpu_pinning(false), // the cores belong to LibTorch's threads and the window too
    };
    const CheckedCache cache(options.cacheFolder);
    if (!options.cacheFolder.isEmpty() && cache.usable())
        properties.insert(ov::cache_dir(options.cacheFolder.toStdString()));
    compiled =
        openVino().compile_model(options.channelsLast ? withChannelsLastPorts(*model) : model, "CPU", properties);
    cache.keep();
    request = compiled.create_infer_request();
}

OpenVinoNetwork::OpenVinoNetwork(const TensorFunction& network, const NamedTensors& examples,
                                 const CompileOptions& options)
    : d(std::make_unique<Private>())
{
    requireEngine(options.engine);
    try {
        const Stopwatch watch;
        d->model = prepared(network, examples, options, d->report);
        d->compile(options);
        d->compileMs = watch.ms();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "compiling a network for the engine %1")
                               .arg(engineName(options.engine)));
    }
}

OpenVinoNetwork::OpenVinoNetwork(std::shared_ptr<ov::Model> model, const CompileOptions& options)
    : d(std::make_unique<Private>())
{
    requireEngine(options.engine);
    try {
        const Stopwatch watch;
        d->model = std::move(model);
        d->compile(options);
        d->compileMs = watch.ms();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "compiling a network for the engine %1")
                               .arg(engineName(options.engine)));
    }
}

OpenVinoNetwork::OpenVinoNetwork(const NetworkIr& ir, const CompileOptions& options)
    : OpenVinoNetwork(readIr(ir), inOwnFolder(options, ir))
{
}

OpenVinoNetwork::~OpenVinoNetwork() = default;

NamedTensors OpenVinoNetwork::run(const NamedTensors& inputs)
{
    std::vector<torch::Tensor> given; // copies live until the network has run
    for (const Port& port : d->inputs) {
        const torch::Tensor& tensor = tensorOf(inputs, port.name);
        if (tensor.sizes() != c10::IntArrayRef(port.shape)) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "The network was compiled for \"%1\" of %2, not of %3.")
                            .arg(QString::fromStdString(port.name), shapeText(port.shape), shapeText(tensor.sizes())),
                        QCoreApplication::translate("core", "Give it images of that size, or compile it for the new "
                                                            "one."));
        }
        given.push_back(tensor.detach().to(torch::kCPU, torch::kFloat).contiguous(port.format()));
    }
    try {
        for (std::size_t i = 0; i < given.size(); ++i)
            d->request.set_input_tensor(i, d->inputs[i].view(given[i]));
        NamedTensors outputs;
        for (std::size_t i = 0; i < d->outputs.size(); ++i) {
            const Port& port = d->outputs[i];
            torch::Tensor& buffer = d->buffers[i];
            if (!buffer.defined() || isShared(buffer)) {
                const c10::InferenceMode normal(false); // the caller's mode must not stick to what lives on
                buffer = torch::empty(port.shape, torch::TensorOptions(torch::kFloat).memory_format(port.format()));
                d->request.set_output_tensor(i, port.view(buffer));
            }
        }
        d->request.infer();
        for (std::size_t i = 0; i < d->outputs.size(); ++i)
            outputs.emplace_back(d->outputs[i].name, d->buffers[i]);
        return outputs;
    } catch (...) {
        throw currentError(
            QCoreApplication::translate("core", "running a network on the engine %1").arg(engineName(d->engine)));
    }
}

std::string OpenVinoNetwork::engine() const
{
    return engineName(d->engine).toStdString();
}

double OpenVinoNetwork::compileMs() const
{
    return d->compileMs;
}

const Int8Report& OpenVinoNetwork::int8Report() const
{
    return d->report;
}

QString openVinoVersion()
{
    return QString::fromLatin1(ov::get_openvino_version().buildNumber);
}

NetworkIr irOf(const ov::Model& model)
{
    try {
        std::ostringstream xml;
        std::ostringstream bin;
        ov::pass::Serialize(xml, bin).run_on_model(model.clone());
        return {QByteArray::fromStdString(xml.str()), QByteArray::fromStdString(bin.str())};
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "writing a compiled network"));
    }
}

QString OpenVinoNetwork::whyNot(Engine engine)
{
    try {
        if (engine == Engine::OpenVinoInt8 && !multipliesBytes())
            return QCoreApplication::translate("core", "this processor is too old for it (AVX2).");
        if (engine == Engine::OpenVinoBf16) {
            const auto able = openVino().get_property("CPU", ov::device::capabilities);
            if (std::find(able.begin(), able.end(), ov::device::capability::BF16) == able.end())
                return QCoreApplication::translate("core", "this processor does not compute with bfloat16.");
        } else {
            openVino().get_property("CPU", ov::device::full_name);
        }
        return {};
    } catch (const std::exception& error) {
        return QCoreApplication::translate("core", "OpenVINO's part for processors cannot be loaded: %1")
            .arg(QString::fromUtf8(error.what()).trimmed());
    }
}

} // namespace lynceus
