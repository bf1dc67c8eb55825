// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/anomaly_folder.h"

#include "core/base/error.h"
#include "core/image/image_io.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFileInfo>
#include <QtCore/QHash>
#include <QtCore/QJsonArray>
#include <QtCore/QSet>
#include <QtCore/QStringList>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <system_error>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

/// Compares digits by their number and letters without case. QCollator would sort by the user's language: the same
/// folder in another order on another machine, and several times slower.
int compareNaturally(QStringView a, QStringView b)
{
    qsizetype i = 0;
    qsizetype j = 0;
    const auto isDigit = [](QChar c) { return c >= u'0' && c <= u'9'; };
    const auto digitsEnd = [&isDigit](QStringView text, qsizetype at) {
        while (at < text.size() && isDigit(text[at]))
            ++at;
        return at;
    };
    while (i < a.size() && j < b.size()) {
        if (isDigit(a[i]) && isDigit(b[j])) {
            while (i < a.size() && a[i] == u'0')
                ++i;
            while (j < b.size() && b[j] == u'0')
                ++j;
            const qsizetype endA = digitsEnd(a, i);
            const qsizetype endB = digitsEnd(b, j);
            if (endA - i != endB - j)
                return endA - i < endB - j ? -1 : 1;
            if (const int order = a.sliced(i, endA - i).compare(b.sliced(j, endB - j)))
                return order;
            i = endA;
            j = endB;
            continue;
        }
        const QChar left = a[i++].toCaseFolded();
        const QChar right = b[j++].toCaseFolded();
        if (left != right)
            return left < right ? -1 : 1;
    }
    return int(a.size() - i > 0) - int(b.size() - j > 0);
}

bool comesBefore(const QString& a, const QString& b)
{
    const int order = compareNaturally(a, b);
    return order != 0 ? order < 0 : a < b;
}

using Kind = LeftOut::Kind;

const QString kGroundTruth = u"ground_truth"_s;

/// Names directly inside a folder, sorted. Not by Qt's iterators: they pass over names that are not UTF-8.
struct Listing
{
    QStringList images;
    QStringList folders;
    QSet<QString> links; ///< those of the folders that are links
    QStringList hidden;  ///< images
    QStringList hiddenFolders;
    QStringList undecodable; ///< images and folders whose names are not UTF-8
    QStringList dangling;
    bool isReadable = true;
};

QString withEscapes(const std::string& bytes)
{
    QString text;
    for (const char byte : bytes) {
        const auto code = uchar(byte);
        text += code < 0x80 ? QString(QLatin1Char(byte)) : u"\\x%1"_s.arg(code, 2, 16, QLatin1Char('0'));
    }
    return text;
}

Listing list(const QString& folder, const CancelToken& cancel)
{
    namespace fs = std::filesystem;
    Listing result;
    std::error_code error;
    fs::directory_iterator entries(QFile::encodeName(folder).toStdString(), error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        cancel.throwIfCancelled();
        // What an entry is comes with its name; only links cost a call to the file system.
        std::error_code gone;
        const bool isFolder = entries->is_directory(gone);
        const bool isLink = entries->is_symlink(gone);
        const std::string bytes = entries->path().filename().native();
        const QString name = QFile::decodeName(QByteArray::fromStdString(bytes));
        if (QFile::encodeName(name).toStdString() != bytes) {
            if (isFolder || isLink || hasImageSuffix(name))
                result.undecodable += withEscapes(bytes);
        } else if (name.startsWith(u'.')) {
            if (isFolder)
                result.hiddenFolders += name;
            else if (hasImageSuffix(name))
                result.hidden += name;
        } else if (isFolder) {
            result.folders += name;
            if (isLink)
                result.links += name;
        } else if (isLink && !entries->exists(gone)) {
            result.dangling += name;
        } else if (hasImageSuffix(name)) {
            result.images += name;
        }
    }
    result.isReadable = !error;
    for (QStringList* names : {&result.images, &result.folders, &result.hidden, &result.hiddenFolders,
                               &result.undecodable, &result.dangling})
        std::sort(names->begin(), names->end(), comesBefore);
    return result;
}

/// `seen` holds the real paths of folders already listed: links may form loops.
void findImages(const QString& folder, QSet<QString>& seen, const CancelToken& cancel, std::vector<QString>& found)
{
    const QString real = QFileInfo(folder).canonicalFilePath();
    if (real.isEmpty() || seen.contains(real))
        return;
    seen.insert(real);
    const Listing listing = list(folder, cancel);
    for (const QString& name : listing.images)
        found.push_back(folder + u'/' + name);
    for (const QString& name : listing.folders)
        findImages(folder + u'/' + name, seen, cancel, found);
}

bool isCalled(const QString& folder, const QString& name)
{
    return folder.compare(name, Qt::CaseInsensitive) == 0;
}

/// The folder called `name`, in any case; empty when there is none.
QString pick(const QStringList& folders, const QString& name)
{
    const auto found =
        std::find_if(folders.begin(), folders.end(), [&name](const QString& folder) { return isCalled(folder, name); });
    return found == folders.end() ? QString() : *found;
}

/// The folders with one of these names.
QStringList pickAll(const QStringList& folders, const QStringList& names)
{
    QStringList result;
    for (const QString& name : names) {
        const QString folder = pick(folders, name);
        if (!folder.isEmpty())
            result += folder;
    }
    return result;
}

QString withoutSuffix(const QString& name)
{
    return name.left(name.lastIndexOf(u'.'));
}

QString fileName(const QString& path)
{
    return path.sliced(path.lastIndexOf(u'/') + 1);
}

/// Masks of a folder by their path in it, without suffix.
class MaskIndex
{
public:
    MaskIndex(const QString& folder, const CancelToken& cancel)
    {
        if (folder.isEmpty())
            return;
        for (const QString& path : lynceus::findImages(folder, cancel))
            m_paths.insert(withoutSuffix(path.sliced(folder.size() + 1)), path);
    }

    /// `image`: path in the folder that the masks mirror, with suffix. Empty when it has no mask.
    QString find(const QString& image) const
    {
        const QString stem = withoutSuffix(image);
        const auto marked = m_paths.find(stem + "_mask"_L1);
        return marked != m_paths.end() ? *marked : m_paths.value(stem);
    }

private:
    QHash<QString, QString> m_paths;
};

QString joined(const QString& part, const QString& name)
{
    return part.isEmpty() ? name : part + u'/' + name;
}

/// Reads one data folder part by part, and remembers what is in no part. Parts are paths in the folder, "" is itself.
class FolderReader
{
public:
    FolderReader(const QString& root, const CancelToken& cancel)
        : m_root(root)
        , m_cancel(cancel)
    {
        claim({});
    }

    /// Looked up once; what in it can't be looked at is remembered.
    const Listing& list(const QString& part)
    {
        const auto known = m_listings.constFind(part);
        if (known != m_listings.constEnd())
            return *known;
        const Listing& found = *m_listings.insert(part, lynceus::list(path(part), m_cancel));
        const auto note = [&](Kind kind, const QStringList& names) {
            for (const QString& name : names)
                leaveOut(kind, joined(part, name));
        };
        if (!found.isReadable)
            leaveOut(Kind::Unreadable, part.isEmpty() ? u"."_s : part);
        note(Kind::Undecodable, found.undecodable);
        note(Kind::Dangling, found.dangling);
        note(Kind::Hidden, found.hidden);
        for (const QString& folder : found.hiddenFolders)
            m_hiddenFolders += joined(part, folder);
        // A link in one part must not take the folder of another one away.
        for (const bool links : {false, true}) {
            for (const QString& folder : found.folders) {
                if (found.links.contains(folder) == links)
                    claim(joined(part, folder));
            }
        }
        return found;
    }

    QString path(const QString& part) const { return joined(m_root, part); }

    Sample sample(const QString& name, Truth truth, const QString& defect) const
    {
        Sample result;
        result.path = path(name);
        result.name = name;
        result.truth = truth;
        result.defect = defect;
        return result;
    }

    /// The images directly in `part`.
    std::vector<Sample> samplesIn(const QString& part, Truth truth, const QString& defect)
    {
        std::vector<Sample> result;
        for (const QString& image : list(part).images)
            result.push_back(sample(joined(part, image), truth, defect));
        return result;
    }

    /// All images below `part`.
    std::vector<Sample> samples(const QString& part, Truth truth, const QString& defect)
    {
        std::vector<Sample> result;
        walk(part, [&](const QString& name) { result.push_back(sample(name, truth, defect)); });
        return result;
    }

    void leaveOut(Kind kind, const QString& name) { m_leftOut[kind] += name; }

    /// All images below `part`, whatever they are.
    void leaveOutPart(Kind kind, const QString& part)
    {
        walk(part, [&](const QString& name) { leaveOut(kind, name); });
    }

    /// After everything else is read.
    std::vector<LeftOut> leftOut()
    {
        for (qsizetype i = 0; i < m_hiddenFolders.size(); ++i) // grows
            leaveOutPart(Kind::Hidden, QString(m_hiddenFolders[i]));
        std::vector<LeftOut> result;
        for (const auto& [kind, names] : m_leftOut)
            result.push_back({kind, names});
        return result;
    }

private:
    /// Is `part` the way by which this real folder is read? The first one to ask is.
    bool claim(const QString& part)
    {
        const QString real = QFileInfo(path(part)).canonicalFilePath();
        if (real.isEmpty()) { // below a folder that can be listed, but not entered
            if (!m_leftOut[Kind::Unreadable].contains(part))
                leaveOut(Kind::Unreadable, part);
            return false;
        }
        const auto owner = m_owners.constFind(real);
        if (owner == m_owners.constEnd())
            m_owners.insert(real, part);
        return owner == m_owners.constEnd() || *owner == part;
    }

    void walk(const QString& part, const std::function<void(const QString&)>& visit)
    {
        if (!claim(part))
            return;
        const Listing listing = list(part); // a copy: the next ones move it
        for (const QString& image : listing.images)
            visit(joined(part, image));
        for (const QString& folder : listing.folders) {
            if (isCalled(folder, kGroundTruth))
                walk(joined(part, folder), [&](const QString& name) { leaveOut(Kind::Masks, name); });
            else
                walk(joined(part, folder), visit);
        }
    }

    QString m_root;
    const CancelToken& m_cancel;
    QHash<QString, Listing> m_listings; ///< by part
    QHash<QString, QString> m_owners;   ///< part by real path
    QStringList m_hiddenFolders;        ///< parts
    std::map<Kind, QStringList> m_leftOut;
};

void append(std::vector<Sample>& samples, std::vector<Sample> more)
{
    samples.insert(samples.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

const QString kGood = u"good"_s;

/// What is below `part` and belongs to no part of the layout.
void takeUnknown(FolderReader& reader, const QString& part, AnomalyFolder::Purpose purpose, AnomalyFolder& result)
{
    if (purpose == AnomalyFolder::Purpose::Inspection)
        append(result.test, reader.samples(part, Truth::Unknown, {}));
    else
        reader.leaveOutPart(Kind::UnknownPart, part);
}

void takeUnknownImages(FolderReader& reader, const QString& part, AnomalyFolder::Purpose purpose, AnomalyFolder& result)
{
    for (const Sample& sample : reader.samplesIn(part, Truth::Unknown, {})) {
        if (purpose == AnomalyFolder::Purpose::Inspection)
            result.test.push_back(sample);
        else
            reader.leaveOut(Kind::UnknownPart, sample.name);
    }
}

/// `test` is the part with a folder for each type of defect.
void readTestPart(FolderReader& reader, const QString& test, AnomalyFolder::Purpose purpose, const CancelToken& cancel,
                  AnomalyFolder& result)
{
    const MaskIndex index(result.maskRoot, cancel);
    const Listing listing = reader.list(test);
    for (const QString& type : listing.folders) {
        const QString part = joined(test, type);
        if (isCalled(type, kGood)) {
            append(result.test, reader.samples(part, Truth::Good, kGood));
            continue;
        }
        std::vector<Sample> samples = reader.samples(part, Truth::Defective, type);
        for (Sample& sample : samples)
            sample.maskPath = index.find(test.isEmpty() ? sample.name : sample.name.sliced(test.size() + 1));
        append(result.test, std::move(samples));
    }
    takeUnknownImages(reader, test, purpose, result);
}

void readMvTec(FolderReader& reader, AnomalyFolder::Purpose purpose, const CancelToken& cancel, AnomalyFolder& result)
{
    result.layout = AnomalyFolder::Layout::MvTec;
    const Listing top = reader.list({});
    const QString train = pick(top.folders, u"train"_s);
    const QString test = pick(top.folders, u"test"_s);
    const QString masks = pick(top.folders, kGroundTruth);
    if (!masks.isEmpty())
        result.maskRoot = reader.path(masks);
    const QStringList trainFolders = train.isEmpty() ? QStringList() : reader.list(train).folders;
    if (!test.isEmpty())
        reader.list(test); // its folders are its own, wherever links to them lie
    const QString good = pick(trainFolders, kGood);
    if (!good.isEmpty())
        result.train = reader.samples(joined(train, good), Truth::Good, kGood);
    if (!test.isEmpty())
        readTestPart(reader, test, purpose, cancel, result);
    if (!masks.isEmpty())
        reader.leaveOutPart(Kind::Masks, masks);

    takeUnknownImages(reader, {}, purpose, result);
    if (!train.isEmpty())
        takeUnknownImages(reader, train, purpose, result);
    for (const QString& folder : trainFolders) {
        if (folder != good)
            takeUnknown(reader, joined(train, folder), purpose, result);
    }
    for (const QString& folder : top.folders) {
        if (folder != train && folder != test && folder != masks)
            takeUnknown(reader, folder, purpose, result);
    }
}

/// Images in a folder of bad ones; a folder in it names a defect type.
std::vector<Sample> readBad(FolderReader& reader, const QString& bad, const MaskIndex& masks)
{
    std::vector<Sample> samples = reader.samples(bad, Truth::Defective, bad);
    for (Sample& sample : samples) {
        const QString inside = sample.name.sliced(bad.size() + 1);
        const auto slash = inside.indexOf(u'/');
        if (slash > 0)
            sample.defect = inside.left(slash);
        for (const QString& name : {inside, sample.name, fileName(inside)}) {
            if (sample.maskPath.isEmpty())
                sample.maskPath = masks.find(name);
        }
    }
    return samples;
}

void readPlain(FolderReader& reader, AnomalyFolder::Purpose purpose, const CancelToken& cancel, AnomalyFolder& result)
{
    const Listing top = reader.list({});
    const QString good = pick(top.folders, kGood);
    const QStringList bads = pickAll(top.folders, {u"bad"_s, u"ng"_s, u"defect"_s, u"defective"_s});
    const bool forTraining = purpose == AnomalyFolder::Purpose::Training;
    const bool isSorted = !good.isEmpty() || !bads.isEmpty();
    const bool isGood = isSorted || forTraining;
    // Where nothing is sorted, folders of these names may well hold images of parts.
    const QStringList maskNames = isGood ? QStringList{u"masks"_s, u"mask"_s, kGroundTruth} : QStringList{kGroundTruth};
    const QStringList masks = pickAll(top.folders, maskNames);
    if (!masks.isEmpty())
        result.maskRoot = reader.path(masks.first());

    std::vector<Sample> samples =
        reader.samplesIn({}, isGood ? Truth::Good : Truth::Unknown, isGood ? kGood : QString());
    if (!good.isEmpty())
        append(samples, reader.samples(good, Truth::Good, kGood));
    const MaskIndex index(bads.isEmpty() ? QString() : result.maskRoot, cancel);
    std::vector<Sample> bad;
    for (const QString& folder : bads)
        append(bad, readBad(reader, folder, index));
    if (forTraining) {
        result.train = std::move(samples);
        result.test = std::move(bad);
    } else {
        append(samples, std::move(bad));
        result.test = std::move(samples);
    }
    for (const QString& folder : top.folders) {
        if (masks.contains(folder))
            reader.leaveOutPart(Kind::Masks, folder);
        else if (folder != good && !bads.contains(folder))
            takeUnknown(reader, folder, purpose, result);
    }
}

/// train/good, or test with folders of defect types in it.
bool isMvTec(FolderReader& reader)
{
    const Listing top = reader.list({});
    const QString train = pick(top.folders, u"train"_s);
    if (!train.isEmpty() && !pick(reader.list(train).folders, kGood).isEmpty())
        return true;
    const QString test = pick(top.folders, u"test"_s);
    return !test.isEmpty() && !reader.list(test).folders.isEmpty();
}

/// Is this the test part of an MVTec set? Its masks' folder goes to `maskRoot`.
bool isTestPart(const QString& root, const CancelToken& cancel, QString& maskRoot)
{
    if (!isCalled(fileName(root), u"test"_s))
        return false;
    const QString parent = QFileInfo(root).path();
    const QStringList beside = list(parent, cancel).folders;
    const QString masks = pick(beside, kGroundTruth);
    if (!masks.isEmpty())
        maskRoot = joined(parent, masks);
    const QString train = pick(beside, u"train"_s);
    return !masks.isEmpty() ||
           (!train.isEmpty() && !pick(list(joined(parent, train), cancel).folders, kGood).isEmpty());
}

bool isLabelled(const std::vector<Sample>& samples)
{
    return std::any_of(samples.begin(), samples.end(),
                       [](const Sample& sample) { return sample.truth != Truth::Unknown; });
}

} // namespace

AnomalyFolder AnomalyFolder::open(const QString& folder, Purpose purpose, const CancelToken& cancel)
{
    const QFileInfo info(folder);
    const QString shown = QDir::toNativeSeparators(folder);
    if (folder.isEmpty() || !info.exists()) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "The folder %1 does not exist.").arg(shown),
                    QCoreApplication::translate("core", "Check the path."));
    }
    if (!info.isDir()) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "%1 is not a folder.").arg(shown),
                    QCoreApplication::translate("core", "Give the folder that holds the images."));
    }
    if (!info.isReadable() || !info.isExecutable()) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "The folder %1 can't be read.").arg(shown),
                    QCoreApplication::translate("core", "Check its permissions."));
    }
    AnomalyFolder result;
    result.root = QDir::cleanPath(info.absoluteFilePath());
    FolderReader reader(result.root, cancel);
    if (isMvTec(reader)) {
        readMvTec(reader, purpose, cancel, result);
    } else if (purpose == Purpose::Inspection && isTestPart(result.root, cancel, result.maskRoot)) {
        result.layout = Layout::MvTec;
        readTestPart(reader, {}, purpose, cancel, result);
    } else {
        readPlain(reader, purpose, cancel, result);
    }
    if (purpose == Purpose::Inspection && isLabelled(result.test)) {
        for (const Sample& sample : result.train)
            reader.leaveOut(Kind::ToLearnFrom, sample.name);
    }
    result.leftOut = reader.leftOut();
    return result;
}

std::vector<Sample> AnomalyFolder::all() const
{
    std::vector<Sample> result = train;
    result.insert(result.end(), test.begin(), test.end());
    return result;
}

std::vector<Sample> AnomalyFolder::toInspect() const
{
    return isLabelled(test) ? test : all();
}

QString LeftOut::reason() const
{
    switch (kind) {
    case Kind::Masks:
        return QCoreApplication::translate("core", "masks");
    case Kind::ToLearnFrom:
        return QCoreApplication::translate("core", "images to learn from, whose scores say nothing about others");
    case Kind::UnknownPart:
        return QCoreApplication::translate("core", "images outside of the folders that the layout knows");
    case Kind::Hidden:
        return QCoreApplication::translate("core", "hidden images");
    case Kind::Unreadable:
        return QCoreApplication::translate("core", "folders that can't be read");
    case Kind::Undecodable:
        return QCoreApplication::translate("core", "names that are not UTF-8");
    case Kind::Dangling:
        break;
    }
    return QCoreApplication::translate("core", "links to something that is not there");
}

QString LeftOut::remedy() const
{
    switch (kind) {
    case Kind::Masks:
        return QCoreApplication::translate("core", "Move them elsewhere if they are images of parts.");
    case Kind::ToLearnFrom:
        return QCoreApplication::translate("core", "Open their own folder to inspect them.");
    case Kind::UnknownPart:
        return QCoreApplication::translate("core", "Move them to the good or the defective ones if they belong there.");
    case Kind::Hidden:
        return QCoreApplication::translate("core", "Give them names without a dot in front to use them.");
    case Kind::Unreadable:
        return QCoreApplication::translate("core", "Check their permissions.");
    case Kind::Undecodable:
        return QCoreApplication::translate("core", "Rename them.");
    case Kind::Dangling:
        break;
    }
    return QCoreApplication::translate("core", "Repair or remove them.");
}

QString LeftOut::text() const
{
    const char* sentence = isFault() ? QT_TRANSLATE_N_NOOP("core", "%n could not be looked at, first %2: %1.")
                                     : QT_TRANSLATE_N_NOOP("core", "%n left out, first %2: %1.");
    // In one go: a name may hold a %1.
    return QCoreApplication::translate("core", sentence, nullptr, count()).arg(reason(), example());
}

QJsonObject LeftOut::toJson() const
{
    QJsonObject json{{u"count"_s, count()}, {u"reason"_s, reason()}, {u"example"_s, example()}};
    if (isFault())
        json.insert(u"names"_s, QJsonArray::fromStringList(names));
    return json;
}

std::vector<QString> findImages(const QString& folder, const CancelToken& cancel)
{
    std::vector<QString> found;
    QSet<QString> seen;
    findImages(QDir::cleanPath(QFileInfo(folder).absoluteFilePath()), seen, cancel, found);
    return found;
}

} // namespace lynceus
