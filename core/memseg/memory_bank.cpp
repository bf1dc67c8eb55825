// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/memory_bank.h"

#include "core/base/error.h"
#include "core/nn/half.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

#include <algorithm>
#include <vector>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString shapeText(const torch::Tensor& tensor)
{
    QStringList sides;
    for (const std::int64_t side : tensor.sizes())
        sides.append(QString::number(side));
    return sides.join(u" x "_s);
}

torch::Tensor channelsLast(const torch::Tensor& tensor)
{
    return tensor.contiguous(torch::MemoryFormat::ChannelsLast);
}

/// One row for each sample, in the order of channels-last memory (no copy).
torch::Tensor rows(const torch::Tensor& samples)
{
    return samples.permute({0, 2, 3, 1}).reshape({samples.size(0), -1});
}

// How far off a fast score may be, relative to the numbers it is the sum of. Measured: 1e-6; samples that are closer
// to the winner than this are compared again.
constexpr double kFastError = 2e-5;

constexpr std::int64_t kChunk = 4096; ///< values of the vector that stay in the first cache while all rows pass

/// Of each row with `vector`, float64. Rows of half precision are read once and as they are.
torch::Tensor products(const torch::Tensor& rows, const torch::Tensor& vector)
{
    if (rows.scalar_type() != torch::kHalf)
        return torch::mv(rows, vector).to(torch::kCPU, torch::kFloat64);
    const std::int64_t count = rows.size(0);
    const std::int64_t length = rows.size(1);
    const std::int64_t chunks = (length + kChunk - 1) / kChunk;
    const auto parts = torch::empty({chunks, count});
    const auto* row = rows.data_ptr<at::Half>();
    const float* values = vector.data_ptr<float>();
    float* part = parts.data_ptr<float>();
    at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
            const std::int64_t first = chunk * kChunk;
            const std::int64_t size = std::min(kChunk, length - first);
            for (std::int64_t i = 0; i < count; ++i)
                part[chunk * count + i] = product(row + i * length + first, values + first, size);
        }
    });
    return parts.sum(0, false, torch::kFloat64);
}

/// In half precision where nothing is lost by it.
torch::Tensor compact(const torch::Tensor& samples)
{
    const auto half = samples.to(torch::kHalf);
    return samples.is_cpu() && half.to(torch::kFloat).equal(samples) ? half : samples;
}

} // namespace

MemoryBank::MemoryBank(const std::array<torch::Tensor, 3>& levels, const QString& difference, const QString& selection)
    : m_absolute(difference == "abs"_L1)
    , m_sum(selection == "sum"_L1)
{
    for (std::size_t level = 0; level < 3; ++level) {
        const auto& samples = levels[level];
        if (samples.dim() != 4 || samples.size(0) == 0 || samples.size(0) != levels[0].size(0)) {
            throw Error(
                ErrorKind::Model,
                QCoreApplication::translate("core", "The memory's level %1 has the shape %2, which does not fit.")
                    .arg(level)
                    .arg(shapeText(samples)),
                QCoreApplication::translate("core", "Train the model again."));
        }
        const auto single = channelsLast(samples.to(torch::kFloat32));
        m_squaredNorms[level] = single.square().sum({1, 2, 3}, false, torch::kFloat64).to(torch::kCPU);
        m_levels[level] = m_absolute ? single : compact(single);
    }
}

std::int64_t MemoryBank::size() const
{
    return m_levels[0].defined() ? m_levels[0].size(0) : 0;
}

MemoryBank MemoryBank::to(const torch::Device& device) const
{
    MemoryBank copy = *this;
    for (auto& level : copy.m_levels) {
        if (level.defined())
            level = device.is_cpu() ? level : level.to(device, torch::kFloat);
    }
    return copy;
}

MemoryBank::Match MemoryBank::match(const std::array<torch::Tensor, 3>& features) const
{
    for (std::size_t level = 0; level < 3; ++level) {
        const auto& samples = m_levels[level];
        if (!samples.defined() || features[level].dim() != 4 ||
            features[level].sizes().slice(1) != samples.sizes().slice(1)) {
            throw Error(ErrorKind::Model,
                        QCoreApplication::translate("core", "Features of level %1 are %2, but the memory holds %3.")
                            .arg(level)
                            .arg(shapeText(features[level]))
                            .arg(samples.defined() ? shapeText(samples) : u"0"_s),
                        QCoreApplication::translate("core", "The memory must be built with the size of the images."));
        }
    }

    const torch::NoGradGuard noGrad; // the bank is data: nothing before it is trained
    Match match;
    std::vector<torch::Tensor> scores;
    std::vector<std::int64_t> winners;
    std::array<std::vector<torch::Tensor>, 3> differences;
    for (std::int64_t item = 0; item < features[0].size(0); ++item) {
        std::array<torch::Tensor, 3> one;
        for (std::size_t level = 0; level < 3; ++level)
            one[level] = channelsLast(features[level].narrow(0, item, 1));
        scores.push_back(scoresOf(one));
        winners.push_back(scores.back().argmin().item<std::int64_t>());
        double exact = 0.0;
        for (std::size_t level = 0; level < 3; ++level) {
            const auto& difference =
                differences[level].emplace_back(measure(m_levels[level].narrow(0, winners.back(), 1) - one[level]));
            exact += weight(level) * difference.sum(torch::kFloat64).item<double>();
        }
        scores.back()[winners.back()] = exact;
    }
    match.scores = torch::stack(scores).to(torch::kFloat32);
    match.index = torch::tensor(winners, torch::kInt64).to(features[0].device());
    for (std::size_t level = 0; level < 3; ++level) {
        const auto& all = differences[level];
        match.difference[level] = all.size() == 1 ? all.front() : torch::cat(all);
    }
    return match;
}

torch::Tensor MemoryBank::measure(torch::Tensor difference) const
{
    return m_absolute ? difference.abs_() : difference.square_();
}

double MemoryBank::weight(std::size_t level) const
{
    return m_sum ? 1.0 : double(m_levels[level].size(0)) / double(m_levels[level].numel());
}

double MemoryBank::exactScore(const std::array<torch::Tensor, 3>& features, std::int64_t sample) const
{
    double score = 0.0;
    for (std::size_t level = 0; level < 3; ++level) {
        const auto difference = measure(m_levels[level].narrow(0, sample, 1) - features[level]);
        score += weight(level) * difference.sum(torch::kFloat64).item<double>();
    }
    return score;
}

/// Scores of one image on the CPU, float64. The fast ones, ||m||^2 + ||f||^2 - 2 m.f, read the memory once and make no
/// copy of it, but lose digits where m and f are much alike: where more than one might win, those are computed again as
/// written.
torch::Tensor MemoryBank::scoresOf(const std::array<torch::Tensor, 3>& features) const
{
    auto scores = torch::zeros({size()}, torch::kFloat64);
    auto magnitude = torch::zeros({size()}, torch::kFloat64);
    for (std::size_t level = 0; level < 3; ++level) {
        const auto samples = rows(m_levels[level]);
        const auto vector = rows(features[level]);
        torch::Tensor distances;
        torch::Tensor size;
        if (m_absolute) {
            distances = torch::cdist(vector, samples, 1.0)[0].to(torch::kCPU, torch::kFloat64);
            size = distances;
        } else {
            size = m_squaredNorms[level] + torch::dot(vector[0], vector[0]).item<double>();
            distances = size - 2.0 * products(samples, vector[0]);
        }
        scores += weight(level) * distances;
        magnitude += weight(level) * size;
    }
    const auto margin = kFastError * magnitude;
    const double mayWin = (scores + margin).min().item<double>();
    const auto candidates = torch::nonzero(scores - margin <= mayWin).view(-1);
    for (std::int64_t i = 0; candidates.size(0) > 1 && i < candidates.size(0); ++i) {
        const auto sample = candidates[i].item<std::int64_t>();
        scores[sample] = exactScore(features, sample);
    }
    return scores;
}

torch::Tensor upsample2(const torch::Tensor& x)
{
    return torch::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, true);
}

std::array<torch::Tensor, 3> spatialAttention(const std::array<torch::Tensor, 3>& difference)
{
    const auto m3 = difference[2].mean({1}, true);
    const auto m2 = difference[1].mean({1}, true) * upsample2(m3);
    const auto m1 = difference[0].mean({1}, true) * upsample2(m2);
    return {m1, m2, m3};
}

} // namespace lynceus
