// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/inspection_store.h"

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/sql_values.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

const QString kSelect =
    u"SELECT inspections.id, product_id, folder, models.path, models.sha256, threshold, "
    "review_threshold, pixel_threshold, min_region_area, started, finished, program_version, engine "
    "FROM inspections LEFT JOIN models ON models.id = inspections.model_id "_s;

const QString kSelectResults =
    u"SELECT results.id, image, image_hash, error, score, verdict, threshold, review_threshold, pixel_threshold, "
    "min_region_area, nearest_good, load_ms, prepare_ms, infer_ms, post_ms, problem, align_ms, "
    "position, x, y, width, height, area, peak, peak_x, peak_y "
    "FROM results LEFT JOIN regions ON regions.result_id = results.id "_s;

/// The four columns from `first` on.
Thresholds thresholdsFromSql(const QSqlQuery& query, int first)
{
    Thresholds thresholds;
    thresholds.score = realFromSql(query.value(first));
    thresholds.review = realFromSql(query.value(first + 1));
    thresholds.pixel = realFromSql(query.value(first + 2));
    thresholds.minRegionArea = realFromSql(query.value(first + 3));
    return thresholds;
}

std::vector<InspectionRecord> read(QSqlQuery query)
{
    std::vector<InspectionRecord> records;
    while (query.next()) {
        InspectionRecord record;
        record.id = query.value(0).toLongLong();
        record.productId = query.value(1).toLongLong();
        record.folder = query.value(2).toString();
        record.modelPath = query.value(3).toString();
        record.modelHash = query.value(4).toString();
        record.thresholds = thresholdsFromSql(query, 5);
        record.started = timeFromSql(query.value(9));
        record.finished = timeFromSql(query.value(10));
        record.programVersion = query.value(11).toString();
        record.engine = query.value(12).toString();
        records.push_back(std::move(record));
    }
    return records;
}

QVariantList resultToSql(qint64 inspectionId, const ResultRecord& record)
{
    QVariantList values{inspectionId, textToSql(record.image), textToSql(record.imageHash), textToSql(record.error)};
    if (!record.error.isEmpty()) {
        values.resize(15);
        values << textToSql({}) << 0.0;
        return values;
    }
    const AnomalyResult& result = record.result;
    return values << result.score << verdictName(result.verdict) << result.thresholds.score << result.thresholds.review
                  << result.thresholds.pixel << result.thresholds.minRegionArea << result.nearestGood
                  << result.times.load << result.times.prepare << result.times.infer << result.times.post
                  << textToSql(result.problem) << result.times.align;
}

ResultRecord resultFromSql(const QSqlQuery& query)
{
    ResultRecord record;
    record.id = query.value(0).toLongLong();
    record.image = query.value(1).toString();
    record.imageHash = query.value(2).toString();
    record.error = query.value(3).toString();
    if (!record.error.isEmpty())
        return record;
    AnomalyResult& result = record.result;
    result.score = realFromSql(query.value(4));
    result.verdict = verdictFromName(query.value(5).toString());
    result.thresholds = thresholdsFromSql(query, 6);
    result.nearestGood = query.value(10).toInt();
    result.times = {realFromSql(query.value(11)), realFromSql(query.value(16)), realFromSql(query.value(12)),
                    realFromSql(query.value(13)), realFromSql(query.value(14))};
    result.problem = query.value(15).toString();
    return record;
}

/// The eight columns from `first` on.
Region regionFromSql(const QSqlQuery& query, int first)
{
    const auto number = [&](int column) { return query.value(first + column).toInt(); };
    Region region;
    region.box = {number(0), number(1), number(2), number(3)};
    region.area = query.value(first + 4).toDouble();
    region.peak = float(query.value(first + 5).toDouble());
    region.peakAt = {number(6), number(7)};
    return region;
}

/// Of kSelectResults, ordered by result and position.
std::vector<ResultRecord> readResults(QSqlQuery query)
{
    std::vector<ResultRecord> records;
    while (query.next()) {
        if (records.empty() || records.back().id != query.value(0).toLongLong())
            records.push_back(resultFromSql(query));
        if (!query.isNull(17))
            records.back().result.regions.push_back(regionFromSql(query, 18));
    }
    return records;
}

} // namespace

qint64 InspectionStore::begin(const InspectionRecord& record)
{
    const QDateTime started = record.started.isValid() ? record.started : QDateTime::currentDateTimeUtc();
    Transaction transaction(m_database);
    const qint64 id = m_database.insert(
        u"INSERT INTO inspections (product_id, folder, model_id, threshold, review_threshold, pixel_threshold, "
        "min_region_area, started, program_version, engine) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s,
        {record.productId == 0 ? QVariant() : QVariant(record.productId), textToSql(record.folder),
         modelRow(m_database, record.modelPath, record.modelHash), record.thresholds.score, record.thresholds.review,
         record.thresholds.pixel, record.thresholds.minRegionArea, timeToSql(started), textToSql(record.programVersion),
         textToSql(record.engine)});
    transaction.commit();
    return id;
}

void InspectionStore::add(qint64 inspectionId, const std::vector<ResultRecord>& results)
{
    Transaction transaction(m_database);
    QSqlQuery addResult = m_database.prepare(
        u"INSERT INTO results (inspection_id, image, image_hash, error, score, verdict, threshold, review_threshold, "
        "pixel_threshold, min_region_area, nearest_good, load_ms, prepare_ms, infer_ms, post_ms, problem, align_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s);
    QSqlQuery addRegion = m_database.prepare(
        u"INSERT INTO regions (result_id, position, x, y, width, height, area, peak, peak_x, peak_y) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s);
    for (const ResultRecord& record : results) {
        m_database.execute(addResult, resultToSql(inspectionId, record));
        if (!record.error.isEmpty())
            continue;
        const QVariant resultId = addResult.lastInsertId();
        int position = 0;
        for (const Region& region : record.result.regions)
            m_database.execute(addRegion,
                               {resultId, position++, region.box.x, region.box.y, region.box.width, region.box.height,
                                region.area, double(region.peak), region.peakAt.x, region.peakAt.y});
    }
    transaction.commit();
}

void InspectionStore::finish(qint64 inspectionId)
{
    const QSqlQuery query = m_database.run(u"UPDATE inspections SET finished = ? WHERE id = ?"_s,
                                           {timeToSql(QDateTime::currentDateTimeUtc()), inspectionId});
    if (query.numRowsAffected() == 0)
        throw Error(ErrorKind::Storage,
                    QCoreApplication::translate("core", "The database has no inspection %1.").arg(inspectionId));
}

std::vector<InspectionRecord> InspectionStore::list(int limit) const
{
    return read(m_database.run(kSelect + u"ORDER BY started DESC, inspections.id DESC LIMIT ?"_s, {limit}));
}

std::optional<InspectionRecord> InspectionStore::find(qint64 id) const
{
    const auto records = read(m_database.run(kSelect + u"WHERE inspections.id = ?"_s, {id}));
    return records.empty() ? std::nullopt : std::optional(records.front());
}

std::vector<ResultRecord> InspectionStore::results(qint64 inspectionId) const
{
    // One statement, so that no writer can come between results and their regions.
    return readResults(
        m_database.run(kSelectResults + u"WHERE inspection_id = ? ORDER BY results.id, position"_s, {inspectionId}));
}

std::vector<ResultRecord> InspectionStore::newest(const QString& modelHash, const QString& folder) const
{
    return readResults(m_database.run(kSelectResults +
                                          u"WHERE error = '' AND image_hash <> '' AND results.id IN ("
                                          "SELECT MAX(results.id) FROM results "
                                          "JOIN inspections ON inspections.id = results.inspection_id "
                                          "JOIN models ON models.id = inspections.model_id "
                                          "WHERE models.sha256 = ? AND inspections.folder = ? GROUP BY results.image) "
                                          "ORDER BY results.id, position"_s,
                                      {textToSql(modelHash), textToSql(folder)}));
}

void InspectionStore::remove(qint64 inspectionId)
{
    m_database.run(u"DELETE FROM inspections WHERE id = ?"_s, {inspectionId});
}

} // namespace lynceus
