// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/image/anomaly_result.h"

#include <QtCore/QAbstractListModel>
#include <QtCore/QTimer>

#include <vector>

namespace lynceus {

class ThumbnailLoader;

/// One row of the image list.
struct ImageItem
{
    Sample sample;
    bool judged = false;
    QString error;        ///< not empty: could not be judged
    AnomalyResult result; ///< without map and contours, so that 20,000 of them stay small
    QString hash;         ///< sha256 of the file that was judged

    bool failed() const { return !error.isEmpty(); }
    bool escape() const;   ///< known to be defective, yet passed
    bool overkill() const; ///< known to be good, yet rejected
};

/// The images of the Inspect page in the order of the folder. UI thread only.
class ImageListModel : public QAbstractListModel
{
    Q_OBJECT

public:
    enum Role { ItemRole = Qt::UserRole }; ///< const ImageItem*

    struct Counts
    {
        int total = 0, ok = 0, review = 0, ng = 0, failed = 0;
        int good = 0, defective = 0; ///< judged images whose truth is known
        int escapes = 0, overkill = 0;
    };

    explicit ImageListModel(QObject* parent = nullptr);

    void setSamples(std::vector<Sample> samples);
    /// Views hear of results in batches, some ten milliseconds later.
    void setResult(int row, const QString& error, const AnomalyResult& result, const QString& hash = {});
    /// Of a judged row whose map was looked at again.
    void setRegions(int row, std::vector<Region> regions);
    void clearResults();
    /// Judges every row anew; scores stay, and so do the regions of those that are not OK.
    void rejudgeAll(const Thresholds& thresholds);

    const ImageItem& item(int row) const { return m_items[std::size_t(row)]; }
    const std::vector<ImageItem>& items() const { return m_items; }
    Counts counts() const;
    const ThumbnailLoader& thumbnails() const { return *m_thumbnails; }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    void markChanged(int first, int last);
    void tellChanges();

    std::vector<ImageItem> m_items;
    ThumbnailLoader* m_thumbnails;
    QTimer m_tell;
    int m_firstChanged = -1;
    int m_lastChanged = -1;
};

/// "000.jpg" of "test/good/000.jpg".
QString fileName(const Sample& sample);

} // namespace lynceus

Q_DECLARE_METATYPE(const lynceus::ImageItem*)
