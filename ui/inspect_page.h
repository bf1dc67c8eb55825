// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/engine.h"
#include "core/weights/model_file.h"
#include "ui/services.h"

#include <QtWidgets/QWidget>

#include <functional>
#include <memory>

namespace lynceus {

/// The start page: a folder's images with verdicts, the image with its heat map, regions, and the score histogram with
/// the threshold.
class InspectPage : public QWidget
{
    Q_OBJECT

public:
    /// A model ready to inspect and what its file says.
    struct LoadedModel
    {
        std::unique_ptr<AnomalyInspector> inspector;
        ModelInfo info;
        QString hash;                     ///< sha256 of the file
        Engine engine = Engine::LibTorch; ///< what runs it
        QString engineNote;               ///< see MemSegSession::engineNote()
    };
    /// Runs on the inspection thread; throws Error.
    using ModelLoader = std::function<LoadedModel(const QString& modelFile, const SessionOptions& options)>;

    explicit InspectPage(const Services& services, QWidget* parent = nullptr);
    ~InspectPage() override;

    /// `select`: the image to show first; the first of the list unless set. A folder that is open is not listed again
    /// for it.
    void openFolder(const QString& folder, const QString& select = {});
    void openImages(const QStringList& files);
    /// Shows an image of the list; false: it is not among them.
    bool selectImage(const QString& path);
    /// Empty: none any more. Asks first when the threshold was moved and not saved; the answer may be to keep the
    /// model, which modelChanged() tells again then.
    void useModel(const QString& modelFile);
    void reloadModel();         ///< it may have a faster engine now; what was judged stays
    void setProduct(qint64 id); ///< what stored inspections belong to; 0: no product
    /// F5: inspects everything in the background.
    void inspectAll();
    bool hasMovedThreshold() const; ///< differs from what the model file says
    /// Runs `then` when the threshold is as in the model file: at once, or after somebody chose to save it or to give
    /// the move up. `cancelled` instead, when the answer is neither.
    void settleThreshold(const std::function<void()>& then, const std::function<void()>& cancelled = {});
    /// Nothing queued or running, and what is on screen is final; `--screenshot` and tests wait for it.
    bool isIdle() const;
    void resetLayout();

    /// How model files are loaded; MemSegSession unless set.
    void setModelLoader(ModelLoader loader);

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);
    void errorOver(const QString& message);      ///< of one that was about the folder or the model before
    void statusChanged(const QString& text);     ///< path, pixel read-out, zoom for the status bar
    void modelChanged(const QString& modelFile); ///< empty: there is none any more
    /// What runs the model that was loaded; both empty: there is no model. `note`: why it is not the engine that was
    /// asked for. Before modelChanged().
    void engineChanged(const QString& engine, const QString& note);
    /// `whole`: its images are listed; else some that were opened singly, the first of which lies there.
    void folderChanged(const QString& folder, bool whole);
    void trainRequested(const QString& folder); ///< "Train a model for this folder"
    void demoRequested();                       ///< "Try the demo product"

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    bool peek(const QKeyEvent* event);

    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
