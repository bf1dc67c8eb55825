// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/options.h"

#include "core/base/error.h"
#include "core/image/input_size.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonValue>

#include <cmath>
#include <functional>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// One option: JSON, `--set`, help and range checks all come from this.
struct Field
{
    enum class Type { Integer, Real, Flag, Text };

    QString key;
    Type type = Type::Text;
    const char* description = nullptr; ///< marked for translation
    QString allowed;                   ///< "1 to 100", "full, lite"; empty: anything
    std::function<QJsonValue(const MemSegOptions&)> get;
    std::function<bool(MemSegOptions&, const QJsonValue&)> put; ///< false: not allowed, nothing changed
};

// `access` in these makers is a generic lambda that returns a reference to the member, const or not as its argument is.

template <class Access>
Field integerField(const QString& key, const char* description, Access access, qint64 low, qint64 high)
{
    const auto put = [access, low, high](MemSegOptions& options, const QJsonValue& value) {
        const double number = value.toDouble(std::nan(""));
        if (!(number >= double(low) && number <= double(high)) || number != std::floor(number))
            return false;
        access(options) = std::decay_t<decltype(access(options))>(value.toInteger());
        return true;
    };
    return {key,
            Field::Type::Integer,
            description,
            u"%1 to %2"_s.arg(low).arg(high),
            [access](const MemSegOptions& options) { return QJsonValue(qint64(access(options))); },
            put};
}

template <class Access>
Field realField(const QString& key, const char* description, Access access, double low, double high)
{
    const auto put = [access, low, high](MemSegOptions& options, const QJsonValue& value) {
        const double number = value.toDouble(std::nan(""));
        if (!(number >= low && number <= high))
            return false;
        access(options) = number;
        return true;
    };
    return {key,
            Field::Type::Real,
            description,
            u"%1 to %2"_s.arg(low).arg(high),
            [access](const MemSegOptions& options) { return QJsonValue(access(options)); },
            put};
}

template <class Access>
Field flagField(const QString& key, const char* description, Access access)
{
    const auto put = [access](MemSegOptions& options, const QJsonValue& value) {
        if (!value.isBool())
            return false;
        access(options) = value.toBool();
        return true;
    };
    return {key,
            Field::Type::Flag,
            description,
            u"true, false"_s,
            [access](const MemSegOptions& options) { return QJsonValue(access(options)); },
            put};
}

/// `choices` empty: any text.
template <class Access>
Field textField(const QString& key, const char* description, Access access, const QStringList& choices = {})
{
    const auto put = [access, choices](MemSegOptions& options, const QJsonValue& value) {
        if (!value.isString() || (!choices.isEmpty() && !choices.contains(value.toString())))
            return false;
        access(options) = value.toString();
        return true;
    };
    return {key,
            Field::Type::Text,
            description,
            choices.join(u", "_s),
            [access](const MemSegOptions& options) { return QJsonValue(access(options)); },
            put};
}

/// A length as text; empty: none.
template <class Access>
Field lengthField(const QString& key, const char* description, Access access)
{
    Field field = textField(key, description, access);
    field.allowed = QCoreApplication::translate("core", "12 px, 0.3 mm, or empty");
    field.put = [access](MemSegOptions& options, const QJsonValue& value) {
        const QString text = value.toString();
        if (!value.isString() || (!text.isEmpty() && !Length::fromText(text)))
            return false;
        access(options) = text;
        return true;
    };
    return field;
}

/// `names` in the order of the enumerators.
template <class Access>
Field enumField(const QString& key, const char* description, Access access, const QStringList& names)
{
    const auto put = [access, names](MemSegOptions& options, const QJsonValue& value) {
        const auto index = value.isString() ? names.indexOf(value.toString()) : -1;
        if (index < 0)
            return false;
        access(options) = std::decay_t<decltype(access(options))>(index);
        return true;
    };
    return {key,
            Field::Type::Text,
            description,
            names.join(u", "_s),
            [access, names](const MemSegOptions& options) { return QJsonValue(names.at(int(access(options)))); },
            put};
}

const std::vector<Field>& fields()
{
    static const std::vector<Field> table = {
        textField(u"backbone"_s, QT_TRANSLATE_NOOP("core", "network that sees the features"),
                  [](auto& o) -> auto& { return o.backbone; }, {u"mobilenetv2"_s, u"resnet18"_s}),
        textField(
            u"encoder"_s,
            QT_TRANSLATE_NOOP("core", "its weights: \"auto\" (the shipped ones), \"random\", a model id or a file"),
            [](auto& o) -> auto& { return o.encoder; }),
        integerField(
            u"width"_s, QT_TRANSLATE_NOOP("core", "channels of a ResNet-18's stem, a multiple of 8"),
            [](auto& o) -> auto& { return o.width; }, 8, 256),
        textField(u"decoder"_s,
                  QT_TRANSLATE_NOOP("core", "the fast one, the paper's, the reference's, or the branch alone"),
                  [](auto& o) -> auto& { return o.decoder; }, {u"light"_s, u"full"_s, u"lite"_s, u"none"_s}),
        flagField(
            u"nearest_good"_s, QT_TRANSLATE_NOOP("core", "judge by the distance to the nearest good place too"),
            [](auto& o) -> auto& { return o.nearestGood; }),
        integerField(
            u"nearest_images"_s, QT_TRANSLATE_NOOP("core", "good images for that"),
            [](auto& o) -> auto& { return o.nearestImages; }, 1, 5000),
        integerField(
            u"nearest_keys"_s,
            QT_TRANSLATE_NOOP("core",
                              "places of them that are kept; fewer: smaller and faster; 0: as the input's size asks"),
            [](auto& o) -> auto& { return o.nearestKeys; }, 0, 10'000'000),
        flagField(
            u"ignore_background"_s,
            QT_TRANSLATE_NOOP("core", "nothing counts where no good part ever was; see foreground"),
            [](auto& o) -> auto& { return o.ignoreBackground; }),
        flagField(
            u"auto_size"_s,
            QT_TRANSLATE_NOOP("core", "input of 384 x 384 where the images have the pixels for it, else 256 x 256"),
            [](auto& o) -> auto& { return o.autoSize; }),
        lengthField(
            u"smallest_defect"_s,
            QT_TRANSLATE_NOOP("core", "smallest defect that must be found; auto_size makes the input as fine"),
            [](auto& o) -> auto& { return o.smallestDefect; }),
        realField(
            u"pixels_per_mm"_s, QT_TRANSLATE_NOOP("core", "pixels of the pictures to a millimetre; 0: not known"),
            [](auto& o) -> auto& { return o.pixelsPerMm; }, 0.0, 100'000.0),
        textField(u"align"_s,
                  QT_TRANSLATE_NOOP("core", "find parts that lie freely, turn them upright and cut them out"),
                  [](auto& o) -> auto& { return o.align; }, {u"auto"_s, u"on"_s, u"off"_s}),
        flagField(
            u"keep_aspect"_s,
            QT_TRANSLATE_NOOP("core", "give the input the images' aspect ratio, at the area of width x height"),
            [](auto& o) -> auto& { return o.keepAspect; }),
        textField(u"difference"_s, QT_TRANSLATE_NOOP("core", "difference to the memory, for each value"),
                  [](auto& o) -> auto& { return o.difference; }, {u"squared"_s, u"abs"_s}),
        textField(u"selection"_s, QT_TRANSLATE_NOOP("core", "how levels add up when the nearest sample is chosen"),
                  [](auto& o) -> auto& { return o.selection; }, {u"mean"_s, u"sum"_s}),
        integerField(
            u"memory_images"_s, QT_TRANSLATE_NOOP("core", "good images in the memory"),
            [](auto& o) -> auto& { return o.memoryImages; }, 1, 1000),
        integerField(
            u"input_width"_s, QT_TRANSLATE_NOOP("core", "network input, pixels, a multiple of 32"),
            [](auto& o) -> auto& { return o.preprocessing.width; }, 32, 4096),
        integerField(
            u"input_height"_s, QT_TRANSLATE_NOOP("core", "network input, pixels, a multiple of 32"),
            [](auto& o) -> auto& { return o.preprocessing.height; }, 32, 4096),
        integerField(
            u"resize_to"_s,
            QT_TRANSLATE_NOOP("core", "resize to this many pixels square and cut the centre out; 0: no cut"),
            [](auto& o) -> auto& { return o.preprocessing.resizeTo; }, 0, 8192),
        realField(
            u"window_low"_s, QT_TRANSLATE_NOOP("core", "value of 16-bit images that is black"),
            [](auto& o) -> auto& { return o.preprocessing.window16.low; }, 0.0, 65535.0),
        realField(
            u"window_high"_s, QT_TRANSLATE_NOOP("core", "value of 16-bit images that is white"),
            [](auto& o) -> auto& { return o.preprocessing.window16.high; }, 0.0, 65535.0),
        textField(u"profile"_s,
                  QT_TRANSLATE_NOOP("core", "training recipe: AdamW of the reference or SGD of the paper"),
                  [](auto& o) -> auto& { return o.profile; }, {u"reference"_s, u"paper"_s}),
        integerField(
            u"steps"_s, QT_TRANSLATE_NOOP("core", "training steps; 0: the profile's own, or what fits the minutes"),
            [](auto& o) -> auto& { return o.steps; }, 0, 10'000'000),
        realField(
            u"minutes"_s, QT_TRANSLATE_NOOP("core", "time budget that training plans for; 0: none"),
            [](auto& o) -> auto& { return o.minutes; }, 0.0, 100'000.0),
        integerField(
            u"batch"_s, QT_TRANSLATE_NOOP("core", "images in a step, an even number"),
            [](auto& o) -> auto& { return o.batch; }, 2, 1024),
        flagField(
            u"windows"_s,
            QT_TRANSLATE_NOOP("core", "learn from windows around the defects in three of four steps: faster"),
            [](auto& o) -> auto& { return o.windows; }),
        realField(
            u"learning_rate"_s, QT_TRANSLATE_NOOP("core", "highest learning rate; 0: the profile's own"),
            [](auto& o) -> auto& { return o.learningRate; }, 0.0, 10.0),
        textField(
            u"exclude"_s, QT_TRANSLATE_NOOP("core", "good images to leave out, as train/good/007.png, separated by |"),
            [](auto& o) -> auto& { return o.exclude; }),
        realField(
            u"held_out"_s, QT_TRANSLATE_NOOP("core", "share of good images kept for calibration"),
            [](auto& o) -> auto& { return o.heldOut; }, 0.0, 0.9),
        realField(
            u"overkill"_s, QT_TRANSLATE_NOOP("core", "false-reject rate that the thresholds aim at"),
            [](auto& o) -> auto& { return o.overkill; }, 0.0, 0.5),
        integerField(
            u"seed"_s, QT_TRANSLATE_NOOP("core", "start of all random numbers"),
            [](auto& o) -> auto& { return o.seed; }, 0, qint64(1) << 53),
        integerField(
            u"threads"_s,
            QT_TRANSLATE_NOOP("core",
                              "threads of the network; 0: as the program was told, else one for each physical core"),
            [](auto& o) -> auto& { return o.threads; }, 0, 1024),
        realField(
            u"texture_probability"_s,
            QT_TRANSLATE_NOOP("core", "share of simulated defects drawn from textures, the rest from the part itself"),
            [](auto& o) -> auto& { return o.simulator.textureProbability; }, 0.0, 1.0),
        textField(
            u"texture_folder"_s, QT_TRANSLATE_NOOP("core", "folder of texture pictures; empty: built-in textures"),
            [](auto& o) -> auto& { return o.simulator.textureFolder; }),
        realField(
            u"shape_probability"_s,
            QT_TRANSLATE_NOOP("core", "share of simulated defects shaped as strokes and spots; the paper has none"),
            [](auto& o) -> auto& { return o.simulator.shapeProbability; }, 0.0, 1.0),
        realField(
            u"opacity_low"_s, QT_TRANSLATE_NOOP("core", "least opacity of a simulated defect"),
            [](auto& o) -> auto& { return o.simulator.opacityLow; }, 0.0, 1.0),
        realField(
            u"opacity_high"_s, QT_TRANSLATE_NOOP("core", "greatest opacity of a simulated defect"),
            [](auto& o) -> auto& { return o.simulator.opacityHigh; }, 0.0, 1.0),
        realField(
            u"perlin_threshold"_s, QT_TRANSLATE_NOOP("core", "noise above this is defect; higher: smaller defects"),
            [](auto& o) -> auto& { return o.simulator.perlinThreshold; }, 0.0, 0.95),
        integerField(
            u"perlin_scale_limit"_s, QT_TRANSLATE_NOOP("core", "noise has up to 2^(limit-1) cells a side"),
            [](auto& o) -> auto& { return o.simulator.perlinScaleLimit; }, 1, 8),
        integerField(
            u"grid_rows"_s, QT_TRANSLATE_NOOP("core", "rows of the shuffled grid of structure defects"),
            [](auto& o) -> auto& { return o.simulator.gridRows; }, 1, 64),
        integerField(
            u"grid_columns"_s, QT_TRANSLATE_NOOP("core", "columns of the shuffled grid of structure defects"),
            [](auto& o) -> auto& { return o.simulator.gridColumns; }, 1, 64),
        integerField(
            u"min_pixels"_s, QT_TRANSLATE_NOOP("core", "smallest simulated defect, network pixels"),
            [](auto& o) -> auto& { return o.simulator.minPixels; }, 1, 1'000'000),
        enumField(u"foreground"_s, QT_TRANSLATE_NOOP("core", "how the part is told from the background"),
                  [](auto& o) -> auto& { return o.simulator.foreground.mode; }, {u"off"_s, u"otsu"_s, u"threshold"_s}),
        integerField(
            u"foreground_threshold"_s, QT_TRANSLATE_NOOP("core", "grey value between part and background"),
            [](auto& o) -> auto& { return o.simulator.foreground.threshold; }, 0, 255),
        enumField(u"foreground_polarity"_s, QT_TRANSLATE_NOOP("core", "is the part brighter than the background?"),
                  [](auto& o) -> auto& { return o.simulator.foreground.polarity; },
                  {u"auto"_s, u"bright"_s, u"dark"_s}),
        flagField(
            u"largest_only"_s, QT_TRANSLATE_NOOP("core", "keep only the largest part of the foreground"),
            [](auto& o) -> auto& { return o.simulator.foreground.largestOnly; }),
        flagField(
            u"fill_holes"_s, QT_TRANSLATE_NOOP("core", "count holes of the part as part"),
            [](auto& o) -> auto& { return o.simulator.foreground.fillHoles; }),
    };
    return table;
}

Error notAllowed(const QString& key, const QString& value, const QString& allowed)
{
    return Error(ErrorKind::Input, QCoreApplication::translate("core", "Option %1 cannot be \"%2\".").arg(key, value),
                 QCoreApplication::translate("core", "Allowed: %1.").arg(allowed));
}

void put(const Field& field, MemSegOptions& options, const QJsonValue& value)
{
    if (!field.put(options, value))
        throw notAllowed(field.key, value.toVariant().toString(), field.allowed);
}

/// Undefined when the text is no value of this type.
QJsonValue valueFromText(Field::Type type, const QString& text)
{
    bool ok = false;
    switch (type) {
    case Field::Type::Integer: {
        const qint64 number = text.toLongLong(&ok);
        return ok ? QJsonValue(number) : QJsonValue(QJsonValue::Undefined);
    }
    case Field::Type::Real: {
        const double number = text.toDouble(&ok);
        return ok ? QJsonValue(number) : QJsonValue(QJsonValue::Undefined);
    }
    case Field::Type::Flag:
        return text == "true"_L1 || text == "false"_L1 ? QJsonValue(text == "true"_L1)
                                                       : QJsonValue(QJsonValue::Undefined);
    case Field::Type::Text:
        break;
    }
    return text;
}

} // namespace

void MemSegOptions::validate() const
{
    MemSegOptions copy = *this;
    for (const Field& field : fields())
        put(field, copy, field.get(*this));
    preprocessing.validate();

    const auto text = [](auto number) { return QString::number(number); };
    if (encoder.isEmpty())
        throw notAllowed(u"encoder"_s, encoder,
                         QCoreApplication::translate("core", "\"random\", a model id or a file"));
    if (backbone == "mobilenetv2"_L1 && usesLayer4()) {
        throw notAllowed(u"decoder"_s, decoder,
                         QCoreApplication::translate("core", "light or none with backbone mobilenetv2"));
    }
    if (const auto length = Length::fromText(smallestDefect); length && length->isMillimetres && pixelsPerMm <= 0.0) {
        throw notAllowed(u"smallest_defect"_s, smallestDefect,
                         QCoreApplication::translate("core", "pixels, or millimetres with pixels_per_mm"));
    }
    if (decoder == "none"_L1 && !nearestGood) {
        throw notAllowed(u"nearest_good"_s, u"false"_s,
                         QCoreApplication::translate("core", "true with decoder none: something must judge"));
    }
    if (width % 8 != 0)
        throw notAllowed(u"width"_s, text(width), QCoreApplication::translate("core", "multiples of 8"));
    if (batch % 2 != 0)
        throw notAllowed(u"batch"_s, text(batch), QCoreApplication::translate("core", "even numbers"));
    if (simulator.opacityLow > simulator.opacityHigh) {
        throw notAllowed(u"opacity_low"_s, text(simulator.opacityLow),
                         QCoreApplication::translate("core", "up to opacity_high, %1").arg(simulator.opacityHigh));
    }
    if (preprocessing.height % simulator.gridRows != 0) {
        throw notAllowed(u"grid_rows"_s, text(simulator.gridRows),
                         QCoreApplication::translate("core", "divisors of input_height, %1").arg(preprocessing.height));
    }
    if (preprocessing.width % simulator.gridColumns != 0) {
        throw notAllowed(u"grid_columns"_s, text(simulator.gridColumns),
                         QCoreApplication::translate("core", "divisors of input_width, %1").arg(preprocessing.width));
    }
}

QJsonObject MemSegOptions::toJson() const
{
    QJsonObject json;
    for (const Field& field : fields())
        json.insert(field.key, field.get(*this));
    return json;
}

MemSegOptions MemSegOptions::fromJson(const QJsonObject& json)
{
    // Models from before there was a choice.
    MemSegOptions options = json.contains(u"backbone"_s) ? MemSegOptions() : paper();
    for (const Field& field : fields()) {
        const auto entry = json.constFind(field.key);
        if (entry != json.constEnd())
            put(field, options, entry.value());
    }
    options.validate();
    return options;
}

void MemSegOptions::set(const QString& key, const QString& value)
{
    QStringList known;
    for (const Field& field : fields()) {
        if (field.key == key) {
            if (!field.put(*this, valueFromText(field.type, value)))
                throw notAllowed(key, value, field.allowed);
            if (key == "input_width"_L1 || key == "input_height"_L1)
                autoSize = false;
            if (key == "profile"_L1 && value == "paper"_L1) {
                const MemSegOptions letter = paper();
                backbone = letter.backbone;
                decoder = letter.decoder;
                nearestGood = letter.nearestGood;
                autoSize = letter.autoSize;
                keepAspect = letter.keepAspect;
                align = letter.align;
                simulator.shapeProbability = 0.0;
            }
            return;
        }
        known.append(field.key);
    }
    throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is no option \"%1\".").arg(key),
                QCoreApplication::translate("core", "Known options: %1.").arg(known.join(u", "_s)));
}

std::vector<std::pair<QString, QString>> MemSegOptions::describe()
{
    const MemSegOptions defaults;
    std::vector<std::pair<QString, QString>> lines;
    for (const Field& field : fields()) {
        QString line = QCoreApplication::translate("core", field.description);
        const QString standard = field.get(defaults).toVariant().toString();
        if (!field.allowed.isEmpty())
            line = QCoreApplication::translate("core", "%1 (%2; default %3)").arg(line, field.allowed, standard);
        lines.emplace_back(field.key, line);
    }
    return lines;
}

double MemSegOptions::smallestDefectPixels() const
{
    const auto length = Length::fromText(smallestDefect);
    return length ? length->pixels(pixelsPerMm) : 0.0;
}

QStringList MemSegOptions::excluded() const
{
    return exclude.split(u'|', Qt::SkipEmptyParts);
}

QString MemSegOptions::architecture() const
{
    const QString name = u"memseg-%1-%2"_s.arg(backbone, decoder);
    return width == 64 || backbone == "mobilenetv2"_L1 ? name : name + u"-w%1"_s.arg(width);
}

MemSegOptions MemSegOptions::paper()
{
    MemSegOptions options;
    options.backbone = u"resnet18"_s;
    options.decoder = u"full"_s;
    options.nearestGood = false;
    options.autoSize = false;
    options.keepAspect = false;
    options.align = u"off"_s;
    return options;
}

} // namespace lynceus
