// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/anomaly_result.h"
#include "core/metrics/pro.h"
#include "core/metrics/roc.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDir>
#include <QtTest/QtTest>

#include <cmath>
#include <cstring>

using namespace lynceus;

namespace {

QString oracleFolder()
{
    const QString folder = qEnvironmentVariable("LYNCEUS_ORACLES");
    return folder.isEmpty() ? QStringLiteral(LYNCEUS_SOURCE_DIR "/../shared/oracles") : folder;
}

template <class T>
std::vector<T> values(const SafetensorsFile& file, const std::string& name)
{
    const TensorView& view = file.view(name);
    std::vector<T> result(view.bytes / sizeof(T));
    std::memcpy(result.data(), view.data, result.size() * sizeof(T));
    return result;
}

/// The images of a tensor of shape images x height x width.
template <class T>
std::vector<cv::Mat> images(const SafetensorsFile& file, const std::string& name, int type)
{
    const std::vector<T> data = values<T>(file, name);
    const auto& shape = file.view(name).shape;
    std::vector<cv::Mat> result;
    for (std::int64_t i = 0; i < shape.at(0); ++i) {
        cv::Mat image(int(shape.at(1)), int(shape.at(2)), type);
        std::memcpy(image.data, data.data() + std::size_t(i) * image.total(), image.total() * sizeof(T));
        result.push_back(image);
    }
    return result;
}

} // namespace

/// Against scikit-learn and the published reference; tolerance 1e-6.
class TestMetricsOracle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void figures_data();
    void figures();
    void proCurvePoints_data();
    void proCurvePoints();

private:
    void addFileRows() const;
    QStringList m_files;
};

void TestMetricsOracle::initTestCase()
{
    m_files = QDir(oracleFolder()).entryList({QStringLiteral("metrics*.safetensors")}, QDir::Files, QDir::Name);
    if (m_files.isEmpty())
        QSKIP("no oracle file metrics*.safetensors");
}

void TestMetricsOracle::addFileRows() const
{
    QTest::addColumn<QString>("path");
    for (const QString& name : m_files)
        QTest::newRow(qPrintable(name)) << QDir(oracleFolder()).filePath(name);
}

void TestMetricsOracle::figures_data()
{
    addFileRows();
}

void TestMetricsOracle::figures()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const auto maps = images<float>(file, "input.scores", CV_32F);
    const auto masks = images<uchar>(file, "input.masks", CV_8U);
    std::vector<double> pixelScores;
    std::vector<bool> pixelLabels;
    for (const float score : values<float>(file, "input.scores"))
        pixelScores.push_back(score);
    for (const uchar label : values<uchar>(file, "input.masks"))
        pixelLabels.push_back(label != 0);
    std::vector<bool> imageLabels;
    for (const std::int64_t label : values<std::int64_t>(file, "input.image_labels"))
        imageLabels.push_back(label != 0);

    const auto check = [&file](double got, const std::string& name) {
        const double want = values<double>(file, "output." + name).at(0);
        QVERIFY2(std::abs(got - want) <= 1e-6, qPrintable(QStringLiteral("%1: got %2, want %3")
                                                              .arg(QString::fromStdString(name))
                                                              .arg(got, 0, 'g', 12)
                                                              .arg(want, 0, 'g', 12)));
    };
    check(auroc(values<double>(file, "input.image_scores"), imageLabels), "auroc_image");
    check(auroc(pixelScores, pixelLabels), "auroc_pixel");
    check(pixelAuroc(maps, masks), "auroc_pixel");
    check(averagePrecision(pixelScores, pixelLabels), "average_precision_pixel");
    check(aupro(maps, masks, 1.0), "aupro_full");
    check(aupro(maps, masks), "aupro_0.3");
    check(aupro(maps, masks, 0.05), "aupro_0.05");
    check(aupro(proCurve(maps, masks), 0.3), "aupro_0.3");

    const auto top100 = values<double>(file, "output.top100_mean");
    for (std::size_t i = 0; i < maps.size(); ++i)
        QVERIFY(std::abs(imageScore(maps[i]) - top100.at(i)) <= 1e-6);
}

void TestMetricsOracle::proCurvePoints_data()
{
    addFileRows();
}

void TestMetricsOracle::proCurvePoints()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const ProCurve curve =
        proCurve(images<float>(file, "input.scores", CV_32F), images<uchar>(file, "input.masks", CV_8U));
    const auto fpr = values<double>(file, "output.pro_curve_fpr");
    const auto pro = values<double>(file, "output.pro_curve_pro");
    // The reference ends with (1,1) once more.
    QCOMPARE(curve.fpr.size() + 1, fpr.size());
    for (std::size_t i = 0; i < curve.fpr.size(); ++i) {
        QVERIFY(std::abs(curve.fpr[i] - fpr[i]) <= 1e-6);
        QVERIFY(std::abs(curve.pro[i] - pro[i]) <= 1e-6);
    }
}

QTEST_APPLESS_MAIN(TestMetricsOracle)
#include "tst_metrics_oracle.moc"
