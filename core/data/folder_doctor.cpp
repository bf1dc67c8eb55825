// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/folder_doctor.h"

#include "core/base/error.h"
#include "core/image/image_header.h"
#include "core/image/image_io.h"
#include "core/image/input_size.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QHash>
#include <QtCore/QJsonArray>
#include <QtCore/QMap>
#include <QtCore/QSet>

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kFewestGood = 4;
constexpr int kAdvisedGood = 20;
constexpr double kAspectTolerance = 0.02;

QString counted(const char* text, qsizetype n)
{
    return QCoreApplication::translate("core", text, nullptr, int(n));
}

/// What reading one image or mask told.
struct Examined
{
    const Sample* sample = nullptr;
    bool inTrain = false;
    QByteArray hash;
    cv::Size size;
    int channels = 0;
    int depth = 0;
    int orientation = 1;
};

/// Reads a folder's files one after another and remembers what the checks need; no pixel is kept.
class Examination
{
public:
    Examination(FolderReport& report, const TaskContext& context)
        : m_report(report)
        , m_context(context)
        , m_files(qsizetype(report.folder.train.size() + report.folder.test.size()))
    {
    }

    void run()
    {
        for (const Sample& sample : m_report.folder.train)
            readSample(sample, true);
        for (const Sample& sample : m_report.folder.test)
            readSample(sample, false);
        count();
        checkAmounts();
        checkUnreadable();
        checkDuplicates();
        checkMasks();
        checkUniformity();
        checkSight();
        checkLeftOut();
        std::stable_sort(m_report.findings.begin(), m_report.findings.end(),
                         [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    }

private:
    using Severity = Finding::Severity;

    /// The first file's name takes the place of %1 in `message`.
    void add(Severity severity, const QString& code, const QString& message, const QString& remedy,
             const QStringList& files = {})
    {
        const QString text = files.isEmpty() ? message : message.arg(files.first());
        m_report.findings.push_back({severity, code, text, remedy, files});
    }

    void addIfAny(Severity severity, const QString& code, const char* message, const QString& remedy,
                  const QStringList& files)
    {
        if (!files.isEmpty())
            add(severity, code, counted(message, files.size()), remedy, files);
    }

    void readSample(const Sample& sample, bool inTrain)
    {
        m_context.cancel.throwIfCancelled();
        m_context.report(double(m_done) / double(m_files),
                         QCoreApplication::translate("core", "image %1 of %2").arg(m_done + 1).arg(m_files),
                         m_timeLeft.update(double(m_done) / double(m_files)));
        ++m_done;
        Examined image;
        image.sample = &sample;
        image.inTrain = inTrain;
        try {
            const QByteArray file = readImageFile(sample.path);
            const cv::Mat pixels = decodeImage(file, sample.path);
            image.hash = QCryptographicHash::hash(file, QCryptographicHash::Sha256);
            image.size = pixels.size();
            image.channels = pixels.channels();
            image.depth = pixels.depth();
            if (const auto header = parseImageHeader(file))
                image.orientation = header->orientation;
        } catch (const Error&) {
            (inTrain ? m_unreadableTrain : m_unreadable) += sample.name;
            return;
        }
        m_images.push_back(image);
        if (!sample.maskPath.isEmpty())
            readMaskOf(image);
    }

    void readMaskOf(const Examined& image)
    {
        const Sample& sample = *image.sample;
        try {
            const cv::Mat mask = readMask(sample.maskPath);
            ++m_report.masks;
            if (mask.size() != image.size)
                m_misfitMasks += relative(sample.maskPath);
            if (cv::countNonZero(mask) == 0 && sample.truth == Truth::Defective)
                m_emptyMasks += relative(sample.maskPath);
        } catch (const Error&) {
            m_unreadableMasks += relative(sample.maskPath);
        }
    }

    QString relative(const QString& path) const { return path.sliced(m_report.folder.root.size() + 1); }

    void count()
    {
        for (const Examined& image : m_images) {
            const bool isDefective = image.sample->truth == Truth::Defective;
            ++(image.inTrain ? m_report.trainGood : isDefective ? m_report.testDefective : m_report.testGood);
        }
        m_report.unreadable = int(m_unreadable.size() + m_unreadableTrain.size());
    }

    void checkAmounts()
    {
        const QString goodImages = QCoreApplication::translate(
            "core", "Put images of good parts into train/good, or into a folder named good.");
        if (m_files == 0) {
            add(Severity::Error, u"no-images"_s,
                QCoreApplication::translate("core", "The folder holds no images that could be used."), goodImages);
            return;
        }
        if (m_report.trainGood == 0 && m_report.testGood == 0 && m_report.testDefective > 0) {
            add(Severity::Error, u"all-defective"_s, QCoreApplication::translate("core", "All images are defective."),
                goodImages);
        } else if (m_report.trainGood == 0) {
            add(Severity::Error, u"no-good-images"_s,
                QCoreApplication::translate("core", "There are no good images to learn from."), goodImages);
        } else if (m_report.trainGood < kFewestGood) {
            add(Severity::Error, u"too-few-good"_s,
                counted(QT_TRANSLATE_N_NOOP("core", "%n good image(s) can't train a model."), m_report.trainGood),
                QCoreApplication::translate("core", "Add good images: %1 are needed, %2 or more are better.")
                    .arg(kFewestGood)
                    .arg(kAdvisedGood));
        } else if (m_report.trainGood < kAdvisedGood) {
            add(Severity::Warning, u"few-good"_s,
                counted(QT_TRANSLATE_N_NOOP(
                            "core", "%n good image(s) are few: good parts that differ may be called defective."),
                        m_report.trainGood),
                QCoreApplication::translate("core", "Add good images: %1 or more are better.").arg(kAdvisedGood));
        }
        if (m_report.testDefective == 0) {
            add(Severity::Info, u"no-defective"_s,
                QCoreApplication::translate("core",
                                            "There are no defective images: only false alarms can be measured."),
                QCoreApplication::translate("core", "Add defective images to test the model with."));
        }
    }

    void checkUnreadable()
    {
        const QString remedy = QCoreApplication::translate("core", "Replace or remove them.");
        addIfAny(Severity::Error, u"unreadable"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) to learn from can't be read, first %1."), remedy,
                 m_unreadableTrain);
        addIfAny(Severity::Warning, u"unreadable"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) can't be read, first %1."), remedy, m_unreadable);
        addIfAny(Severity::Warning, u"unreadable-mask"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n mask(s) can't be read, first %1."), remedy, m_unreadableMasks);
    }

    void checkDuplicates()
    {
        QHash<QByteArray, std::vector<const Examined*>> byContent;
        for (const Examined& image : m_images)
            byContent[image.hash].push_back(&image);
        QStringList contradicting;
        QStringList across;
        QStringList within;
        // In the order of the images, so that the report does not depend on the hash table's.
        for (const Examined& image : m_images) {
            const std::vector<const Examined*>& same = byContent[image.hash];
            if (same.size() < 2)
                continue;
            const auto others = [&](auto differs) {
                return std::any_of(same.begin(), same.end(), [&](const Examined* other) { return differs(*other); });
            };
            const bool isGood = image.sample->truth == Truth::Good;
            const bool isDefective = image.sample->truth == Truth::Defective;
            if ((isGood && others([](const Examined& o) { return o.sample->truth == Truth::Defective; })) ||
                (isDefective && others([](const Examined& o) { return o.sample->truth == Truth::Good; })))
                contradicting += image.sample->name;
            else if (others([&](const Examined& o) { return o.inTrain != image.inTrain; }))
                across += image.sample->name;
            else
                within += image.sample->name;
        }
        addIfAny(Severity::Error, u"duplicate-good-defective"_s,
                 QT_TRANSLATE_N_NOOP(
                     "core",
                     "%n image(s) lie among the good and, with the same content, among the defective ones, first %1."),
                 QCoreApplication::translate("core", "Decide what they are and remove the others."), contradicting);
        addIfAny(
            Severity::Warning, u"duplicate-train-test"_s,
            QT_TRANSLATE_N_NOOP(
                "core",
                "%n image(s) lie in train and, with the same content, in test, first %1: results will look too good."),
            QCoreApplication::translate("core", "Remove them from one of the two."), across);
        addIfAny(Severity::Warning, u"duplicate"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) have the same content as another one, first %1."),
                 QCoreApplication::translate("core", "Keep one of each."), within);
    }

    void checkMasks()
    {
        QSet<QString> used;
        QStringList withoutMask;
        for (const Sample& sample : m_report.folder.test) {
            if (!sample.maskPath.isEmpty())
                used.insert(sample.maskPath);
            else if (sample.truth == Truth::Defective)
                withoutMask += sample.name;
        }
        QStringList orphans;
        if (!m_report.folder.maskRoot.isEmpty()) {
            for (const QString& mask : findImages(m_report.folder.maskRoot, m_context.cancel)) {
                if (!used.contains(mask))
                    orphans += relative(mask);
            }
        }
        addIfAny(Severity::Warning, u"mask-without-image"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n mask(s) belong to no defective image, first %1."),
                 QCoreApplication::translate("core", "Name a mask after its image, with or without _mask."), orphans);
        addIfAny(used.isEmpty() ? Severity::Info : Severity::Warning, u"image-without-mask"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n defective image(s) have no mask, first %1."),
                 QCoreApplication::translate("core", "Without masks only whole images can be scored, not places."),
                 withoutMask);
        addIfAny(Severity::Warning, u"mask-size"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n mask(s) have another size than their image, first %1."),
                 QCoreApplication::translate("core", "Export the masks at the size of the images."), m_misfitMasks);
        addIfAny(Severity::Warning, u"empty-mask"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n mask(s) of defective images are empty, first %1."),
                 QCoreApplication::translate(
                     "core", "Draw the defect in white (255) on black, or move the image to the good ones."),
                 m_emptyMasks);
    }

    /// The images whose `property` is not the most common one.
    template <class Property>
    std::vector<const Examined*> unlikeMost(Property property) const
    {
        QMap<qint64, int> counts;
        for (const Examined& image : m_images)
            ++counts[property(image)];
        std::vector<const Examined*> result;
        if (counts.size() < 2)
            return result;
        const qint64 most = std::max_element(counts.begin(), counts.end()).key();
        for (const Examined& image : m_images) {
            if (property(image) != most)
                result.push_back(&image);
        }
        return result;
    }

    static QStringList names(const std::vector<const Examined*>& images)
    {
        QStringList result;
        for (const Examined* image : images)
            result += image->sample->name;
        return result;
    }

    void checkSizes()
    {
        const std::vector<const Examined*> others =
            unlikeMost([](const Examined& image) { return qint64(image.size.width) << 32 | image.size.height; });
        if (others.empty())
            return;
        const auto common = std::find_if(m_images.begin(), m_images.end(), [&others](const Examined& image) {
            return std::find(others.begin(), others.end(), &image) == others.end();
        });
        const auto aspect = [](const Examined& image) { return double(image.size.width) / image.size.height; };
        std::vector<const Examined*> misshapen;
        for (const Examined* image : others) {
            if (std::abs(aspect(*image) / aspect(*common) - 1.0) > kAspectTolerance)
                misshapen.push_back(image);
        }
        addIfAny(Severity::Warning, u"mixed-aspect"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) have other proportions than most, first %1."),
                 QCoreApplication::translate("core",
                                             "All images are resized to one shape: cut them to the same proportions."),
                 names(misshapen));
        addIfAny(Severity::Info, u"mixed-sizes"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) have another size than most, first %1."),
                 QCoreApplication::translate("core", "They are resized; images from one camera setting are better."),
                 names(others));
    }

    /// Small defects of large pictures don't reach a network that nobody asked to see them.
    void checkSight()
    {
        Sight sight;
        for (const Examined& image : m_images) {
            if (image.inTrain && image.size.area() > sight.picture.area())
                sight.picture = image.size;
        }
        if (sight.picture.empty())
            return;
        const double side = automaticSide(sight.picture, false);
        sight.input = inputOf(side, double(sight.picture.width) / double(sight.picture.height));
        if (sight.isCoarse()) {
            add(Severity::Info, u"small-defects"_s, sight.text(),
                QCoreApplication::translate("core", "If smaller ones matter, name the smallest defect that must be "
                                                    "found when you train (smallest_defect)."));
        }
    }

    void checkUniformity()
    {
        checkSizes();
        addIfAny(Severity::Warning, u"mixed-channels"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) have another number of channels than most, first %1."),
                 QCoreApplication::translate("core", "Don't mix grey and colour images."),
                 names(unlikeMost([](const Examined& image) { return image.channels == 1 ? 1 : 3; })));
        addIfAny(Severity::Warning, u"mixed-depths"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) have another bit depth than most, first %1."),
                 QCoreApplication::translate("core", "Don't mix 8- and 16-bit images."),
                 names(unlikeMost([](const Examined& image) { return image.depth; })));
        QStringList rotated;
        for (const Examined& image : m_images) {
            if (image.orientation != 1)
                rotated += image.sample->name;
        }
        const bool isMixed = rotated.size() < qsizetype(m_images.size());
        addIfAny(isMixed ? Severity::Warning : Severity::Info, u"exif-rotated"_s,
                 QT_TRANSLATE_N_NOOP("core", "%n image(s) carry a rotation flag, first %1; it is applied."),
                 QCoreApplication::translate("core", "Check that these parts lie the same way as the others."),
                 rotated);
    }

    /// Masks are left out too, but counted and checked already.
    void checkLeftOut()
    {
        for (const LeftOut& part : m_report.folder.leftOut) {
            if (part.kind == LeftOut::Kind::Masks)
                continue;
            // Nothing is left for add() to put a name into.
            m_report.findings.push_back({part.isFault() ? Severity::Warning : Severity::Info,
                                         part.isFault() ? u"not-looked-at"_s : u"left-out"_s, part.text(),
                                         part.remedy(), part.names});
        }
    }

    FolderReport& m_report;
    const TaskContext& m_context;
    qsizetype m_files;
    qsizetype m_done = 0;
    TimeLeft m_timeLeft;
    std::vector<Examined> m_images; ///< readable ones
    QStringList m_unreadableTrain;
    QStringList m_unreadable;
    QStringList m_unreadableMasks;
    QStringList m_misfitMasks;
    QStringList m_emptyMasks;
};

QString severityName(Finding::Severity severity)
{
    switch (severity) {
    case Finding::Severity::Error:
        return u"error"_s;
    case Finding::Severity::Warning:
        return u"warning"_s;
    case Finding::Severity::Info:
        break;
    }
    return u"info"_s;
}

} // namespace

bool FolderReport::isReadable() const
{
    return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.code == u"unreadable" || finding.code == u"unreadable-mask" || finding.code == u"not-looked-at";
    });
}

bool FolderReport::canTrain() const
{
    const bool hasError = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.severity == Finding::Severity::Error;
    });
    return !hasError && trainGood >= kFewestGood;
}

QJsonObject FolderReport::toJson() const
{
    QJsonArray list;
    for (const Finding& finding : findings) {
        list.append(QJsonObject{{u"severity"_s, severityName(finding.severity)},
                                {u"code"_s, finding.code},
                                {u"message"_s, finding.message},
                                {u"remedy"_s, finding.remedy},
                                {u"files"_s, QJsonArray::fromStringList(finding.files)}});
    }
    QJsonArray leftOut;
    for (const LeftOut& part : folder.leftOut)
        leftOut.append(part.toJson());
    return {{u"folder"_s, folder.root},
            {u"layout"_s, folder.layout == AnomalyFolder::Layout::MvTec ? u"mvtec"_s : u"plain"_s},
            {u"train_good"_s, trainGood},
            {u"test_good"_s, testGood},
            {u"test_defective"_s, testDefective},
            {u"masks"_s, masks},
            {u"unreadable"_s, unreadable},
            {u"can_train"_s, canTrain()},
            {u"left_out"_s, leftOut},
            {u"findings"_s, list}};
}

FolderReport examineFolder(const QString& folder, const TaskContext& context)
{
    FolderReport report;
    report.folder = AnomalyFolder::open(folder, AnomalyFolder::Purpose::Training, context.cancel);
    Examination(report, context).run();
    context.report(1.0, QString());
    return report;
}

} // namespace lynceus
