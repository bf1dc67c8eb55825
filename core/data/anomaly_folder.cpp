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
#include <QtCore/QSet>
#include <QtCore/QStringList>

#include <algorithm>

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

/// Names directly inside a folder, sorted.
struct Listing
{
    QStringList images;
    QStringList folders;
};

Listing list(const QString& folder, const CancelToken& cancel)
{
    Listing result;
    QDirIterator entries(folder, QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot);
    while (entries.hasNext()) {
        cancel.throwIfCancelled();
        entries.next();
        const QString name = entries.fileName();
        // By suffix first: asking what an entry is can cost a call to the file system.
        if (hasImageSuffix(name) && !entries.fileInfo().isDir())
            result.images += name;
        else if (entries.fileInfo().isDir())
            result.folders += name;
    }
    std::sort(result.images.begin(), result.images.end(), comesBefore);
    std::sort(result.folders.begin(), result.folders.end(), comesBefore);
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

/// The folder called `name`, in any case; empty when there is none.
QString pick(const QStringList& folders, const QString& name)
{
    const auto found = std::find_if(folders.begin(), folders.end(), [&name](const QString& folder) {
        return folder.compare(name, Qt::CaseInsensitive) == 0;
    });
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

/// Collects samples of one data folder.
class FolderReader
{
public:
    FolderReader(const QString& root, const CancelToken& cancel)
        : m_root(root)
        , m_cancel(cancel)
    {
    }

    Listing list(const QString& part) const { return lynceus::list(path(part), m_cancel); }

    QString path(const QString& part) const { return part.isEmpty() ? m_root : m_root + u'/' + part; }

    Sample sample(const QString& name, Truth truth, const QString& defect) const
    {
        Sample result;
        result.path = m_root + u'/' + name;
        result.name = name;
        result.truth = truth;
        result.defect = defect;
        return result;
    }

    /// All images below `part`.
    std::vector<Sample> samples(const QString& part, Truth truth, const QString& defect) const
    {
        std::vector<Sample> result;
        for (const QString& image : findImages(path(part), m_cancel))
            result.push_back(sample(image.sliced(m_root.size() + 1), truth, defect));
        return result;
    }

private:
    QString m_root;
    const CancelToken& m_cancel;
};

void append(std::vector<Sample>& samples, std::vector<Sample> more)
{
    samples.insert(samples.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

const QString kGood = u"good"_s;

AnomalyFolder readMvTec(const QString& root, const QStringList& folders, const CancelToken& cancel)
{
    AnomalyFolder result;
    result.root = root;
    result.layout = AnomalyFolder::Layout::MvTec;
    const FolderReader reader(root, cancel);

    const QString train = pick(folders, u"train"_s);
    if (!train.isEmpty()) {
        const QString good = pick(reader.list(train).folders, kGood);
        if (!good.isEmpty())
            result.train = reader.samples(train + u'/' + good, Truth::Good, kGood);
    }
    const QString test = pick(folders, u"test"_s);
    if (test.isEmpty())
        return result;
    const QString masks = pick(folders, u"ground_truth"_s);
    if (!masks.isEmpty())
        result.maskRoot = reader.path(masks);
    const MaskIndex index(result.maskRoot, cancel);
    for (const QString& type : reader.list(test).folders) {
        const QString part = test + u'/' + type;
        if (type.compare(kGood, Qt::CaseInsensitive) == 0) {
            append(result.test, reader.samples(part, Truth::Good, kGood));
            continue;
        }
        std::vector<Sample> samples = reader.samples(part, Truth::Defective, type);
        for (Sample& sample : samples)
            sample.maskPath = index.find(sample.name.sliced(test.size() + 1));
        append(result.test, std::move(samples));
    }
    return result;
}

/// Images in a folder of bad ones; a folder in it names a defect type.
std::vector<Sample> readBad(const FolderReader& reader, const QString& bad, const MaskIndex& masks)
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

AnomalyFolder readPlain(const QString& root, const Listing& top, AnomalyFolder::Purpose purpose,
                        const CancelToken& cancel)
{
    AnomalyFolder result;
    result.root = root;
    result.layout = AnomalyFolder::Layout::Plain;
    const FolderReader reader(root, cancel);

    const QString good = pick(top.folders, kGood);
    const QStringList bads = pickAll(top.folders, {u"bad"_s, u"ng"_s, u"defect"_s, u"defective"_s});
    const QStringList masks = pickAll(top.folders, {u"masks"_s, u"mask"_s, u"ground_truth"_s});
    if (!masks.isEmpty())
        result.maskRoot = reader.path(masks.first());

    const bool forTraining = purpose == AnomalyFolder::Purpose::Training;
    const bool isSorted = !good.isEmpty() || !bads.isEmpty();
    const bool isGood = isSorted || forTraining;
    std::vector<Sample> samples;
    for (const QString& name : top.images)
        samples.push_back(reader.sample(name, isGood ? Truth::Good : Truth::Unknown, isGood ? kGood : QString()));
    if (!good.isEmpty())
        append(samples, reader.samples(good, Truth::Good, kGood));

    std::vector<Sample> bad;
    const MaskIndex index(bads.isEmpty() ? QString() : result.maskRoot, cancel);
    for (const QString& folder : bads)
        append(bad, readBad(reader, folder, index));
    if (forTraining) {
        result.train = std::move(samples);
        result.test = std::move(bad);
    } else {
        append(samples, std::move(bad));
        result.test = std::move(samples);
    }
    return result;
}

/// train/good, or test with folders of defect types in it.
bool isMvTec(const QString& root, const QStringList& folders, const CancelToken& cancel)
{
    const QString train = pick(folders, u"train"_s);
    if (!train.isEmpty() && !pick(list(root + u'/' + train, cancel).folders, kGood).isEmpty())
        return true;
    const QString test = pick(folders, u"test"_s);
    return !test.isEmpty() && !list(root + u'/' + test, cancel).folders.isEmpty();
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
    const QString root = QDir::cleanPath(info.absoluteFilePath());
    const Listing top = list(root, cancel);
    return isMvTec(root, top.folders, cancel) ? readMvTec(root, top.folders, cancel)
                                              : readPlain(root, top, purpose, cancel);
}

std::vector<Sample> AnomalyFolder::all() const
{
    std::vector<Sample> result = train;
    result.insert(result.end(), test.begin(), test.end());
    return result;
}

std::vector<QString> findImages(const QString& folder, const CancelToken& cancel)
{
    std::vector<QString> found;
    QSet<QString> seen;
    findImages(QDir::cleanPath(QFileInfo(folder).absoluteFilePath()), seen, cancel, found);
    return found;
}

} // namespace lynceus
