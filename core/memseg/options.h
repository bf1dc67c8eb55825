// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/preprocessing.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <cstdint>
#include <vector>

namespace lynceus {

/// How the part is told from the background when defects are simulated (methods.md 1.3, step 2).
struct ForegroundOptions
{
    enum class Mode { Off, Otsu, Threshold };
    Mode mode = Mode::Otsu;
    int threshold = 128; ///< grey value, for Mode::Threshold
    enum class Polarity { Auto, Bright, Dark };
    Polarity polarity = Polarity::Auto; ///< is the part brighter than the background? Auto: the border is background
    bool largestOnly = true;
    bool fillHoles = false;
};

/// Simulated defects (methods.md 1.3).
struct SimulatorOptions
{
    double textureProbability = 0.5; ///< else structure
    QString textureFolder;           ///< empty: the built-in procedural textures
    double opacityLow = 0.15;
    double opacityHigh = 1.0;
    double perlinThreshold = 0.5;
    /// Share of simulated defects whose shape is a stroke (scratch, fibre) or a spot instead of Perlin noise, for
    /// thin and small defects that noise hardly ever draws. The paper has none: 0.
    double shapeProbability = 0.5;
    int perlinScaleLimit = 6; ///< cells 2^0 .. 2^(limit-1)
    int gridRows = 4;
    int gridColumns = 8;
    int minPixels = 16;
    ForegroundOptions foreground;
};

/// All options of MemSeg. Defaults are right for most; the paper's values are the defaults unless a comment says so.
struct MemSegOptions
{
    // Network (stored with the model, fixed after training)
    QString backbone = QStringLiteral("mobilenetv2"); ///< or "resnet18", the paper's
    /// "auto": the shipped weights of the backbone, random where there are none; "random", an id of the model store, or
    /// a weights file.
    QString encoder = QStringLiteral("auto");
    int width = 64; ///< channels of a ResNet-18's stem; 32 is a quarter of its cost
    /// "light" (ours, for CPUs), "full" (the paper's text), "lite" (the reference's), or "none": the nearest-good
    /// branch alone, which is ready without training.
    QString decoder = QStringLiteral("light");
    bool nearestGood = true; ///< the nearest-good branch (docs/memseg.md); the paper has none
    int nearestImages = 800; ///< good images in the branch, as far as memory allows
    /// Places of them that are kept, 110 bytes each in the model file. 0: 160,000 at 384 x 384 pixels and below, more
    /// for larger inputs, up to 640,000.
    int nearestKeys = 0;
    QString difference = QStringLiteral("squared"); ///< "squared" or "abs"
    QString selection = QStringLiteral("mean");     ///< "mean" (each level counts the same) or "sum"
    int memoryImages = 30;
    Preprocessing preprocessing;
    /// Parts that lie at any angle or place are found, turned upright and cut out before the network sees them: "on",
    /// "off", or "auto", which does it where it makes the good parts more alike.
    QString align = QStringLiteral("auto");
    /// Nothing counts where no good part ever was, give or take a margin: for dirty or changing backgrounds behind
    /// parts that lie in one place. The part is told from the background as `simulator.foreground` says, holes filled.
    bool ignoreBackground = false;
    /// The trainer chooses the size of `preprocessing`: 384 x 384 where the training images have the pixels for it,
    /// else 256 x 256. Setting a side by name turns it off.
    bool autoSize = true;
    /// The smallest defect that must be found, "12 px" or "0.3 mm" of the picture; empty: nobody said. With `autoSize`
    /// the input is as fine as that needs and the picture allows (image/input_size.h).
    QString smallestDefect;
    double pixelsPerMm = 0.0; ///< of the pictures; 0: not known
    /// The trainer gives the input the training images' median aspect ratio (sides multiples of 32) with the area of
    /// `preprocessing`, instead of squeezing long parts into it.
    bool keepAspect = true;

    // Training
    /// "reference" (AdamW) or "paper" (SGD). Setting "paper" by name also sets backbone, decoder and branch to the
    /// paper's letter.
    QString profile = QStringLiteral("reference");
    int steps = 0; ///< 0: the profile's own (500 with the light decoder, else 5000 or 2700); with `minutes` as many as
                   ///< fit, with the light decoder up to 500
    double minutes = 0.0; ///< 0: no budget
    int batch = 8;        ///< half of it good, half with simulated defects
    /// Three of four steps learn from windows of half the side, around the defects: twice the steps in the same time.
    bool windows = false;
    double learningRate = 0.0; ///< 0: the profile's own (3e-3 or 0.04)
    QString exclude;           ///< names of good images that are left out, as Sample::name, separated by '|'
    double heldOut =
        0.2; ///< share of good images that the decoder does not learn from, for validation; at least 2 images
    double overkill = 0.03; ///< false-reject rate the calibration aims at, kDefaultOverkill
    std::uint64_t seed = 1;
    int threads = 0;
    SimulatorOptions simulator;

    void validate() const; ///< throws Error(Input) naming option, value and what is allowed
    QJsonObject toJson() const;
    static MemSegOptions fromJson(const QJsonObject& json); ///< unknown keys are ignored, bad values throw

    /// Sets one option from text, as `--set key=value` gives it; throws Error(Input) listing the known keys.
    void set(const QString& key, const QString& value);
    /// All keys with a one-line description, for help and the Train page.
    static std::vector<std::pair<QString, QString>> describe();
    QString architecture() const; ///< "memseg-resnet18-full", with "-w32" when width is not 64
    /// MemSeg by the letter of the paper's text: ResNet-18, full decoder, no branch, input as given.
    static MemSegOptions paper();
    QStringList excluded() const;        ///< the names in `exclude`
    double smallestDefectPixels() const; ///< 0 where nobody said
    bool usesLayer4() const { return decoder == QLatin1String("full") || decoder == QLatin1String("lite"); }
};

} // namespace lynceus
