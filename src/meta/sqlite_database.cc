#include "meta/sqlite_database.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>

namespace balancefs {
namespace {

/// A record that claims more is damaged. Our largest (some million names in one folder) is a third of it.
constexpr int kLongestValue = 512 * 1024 * 1024;

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // of statements that are right: a table or column that is not there
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_FORMAT:
      return ErrorKind::corrupted;
    case SQLITE_FULL:
      return ErrorKind::no_space;
    default:
      return ErrorKind::unavailable;
  }
}

std::unexpected<Error> failure(sqlite3* connection, int code) {
  ErrorKind kind = kind_of(code);
  if ((code & 0xFF) == SQLITE_READONLY) {
    // Of a file that may be written: its header says a format that only newer libraries write.
    const char* file = sqlite3_db_filename(connection, "main");
    if (file != nullptr && ::access(file, W_OK) == 0) kind = ErrorKind::corrupted;
  } else if (kind == ErrorKind::unavailable) {
    const int system = sqlite3_system_errno(connection);
    if (system == ENOSPC || system == EDQUOT) kind = ErrorKind::no_space;
  }
  return fail(kind, sqlite3_errstr(code));
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::begin() {
  if (statement_ == nullptr) return *this;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return *this;
}

SqliteStatement& SqliteStatement::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), place, value);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int place, std::string_view bytes) {
  // An empty view may have no address, which would bind NULL.
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  sqlite3_bind_blob64(statement_.get(), place, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const auto failed = failure(sqlite3_db_handle(statement_.get()), code);
  sqlite3_reset(statement_.get());  // a failed statement must not keep its transaction open
  return failed;
}

Result<void> SqliteStatement::finish() {
  for (;;) {
    const Result<bool> row = step();
    if (!row) return std::unexpected<Error>(row.error());
    if (!*row) break;
  }
  sqlite3_reset(statement_.get());
  return {};
}

std::int64_t SqliteStatement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

void SqliteDatabase::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path) {
  sqlite3* connection = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int code = sqlite3_open_v2(path.c_str(), &connection, kFlags, nullptr);
  SqliteDatabase database;
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return failure(connection, code);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, kLongestValue);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<void> SqliteDatabase::run(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(connection_.get(), code);
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(connection_.get(), code);
  return SqliteStatement(statement);
}

Result<std::int64_t> SqliteDatabase::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected<Error>(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return std::unexpected<Error>(row.error());
  return *row ? statement->number(0) : 0;
}

}  // namespace balancefs
