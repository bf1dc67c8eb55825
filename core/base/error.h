// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <exception>
#include <string>

namespace lynceus {

/// What kind of thing went wrong; decides the exit code and the icon, never the wording.
enum class ErrorKind {
    Input,   ///< an option or argument the user gave
    File,    ///< a file that is missing, unreadable, unwritable, or a full disk
    Format,  ///< a file that was read but does not hold what it should
    Model,   ///< a model or weights file that does not fit
    Storage, ///< the database
    Internal ///< a fault of ours or of a library
};

/// The one exception that core throws for things users can act on.
/// The message is translated, names the file or value, and the remedy says what to do about it.
class Error : public std::exception
{
public:
    Error(ErrorKind kind, QString message, QString remedy = {});

    ErrorKind kind() const noexcept { return m_kind; }
    const QString& message() const noexcept { return m_message; }
    const QString& remedy() const noexcept { return m_remedy; }
    /// Message and remedy as one text.
    QString text() const;
    const char* what() const noexcept override { return m_what.c_str(); }

private:
    ErrorKind m_kind;
    QString m_message;
    QString m_remedy;
    std::string m_what;
};

/// Thrown by CancelToken::throwIfCancelled(). Not an error: nobody shows it in a box.
class Cancelled : public std::exception
{
public:
    const char* what() const noexcept override { return "cancelled"; }
};

/// Turns the exception in flight into an Error: an Error stays itself, anything else (std, OpenCV, torch) becomes
/// ErrorKind::Internal with its text and `doing` ("reading image x") in front. Call it inside a catch block only;
/// rethrows Cancelled.
Error currentError(const QString& doing);

} // namespace lynceus
