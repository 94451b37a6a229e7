// SQLite with values for errors: a connection and its statements. The only door to the library.
//
// Blocking, for one thread at a time. An error of kind `corrupted` says that the file is not what we wrote,
// whatever it is; `no_space` that the disk is full; everything else is `unavailable`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "balancefs/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace balancefs {

/// A prepared statement. Values are bound from 1 on, columns are read from 0 on. Gone before its database.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  /// Begins anew: forgets where it stood and what was bound.
  SqliteStatement& begin();
  SqliteStatement& bind(int place, std::int64_t value);
  /// As a blob. Not copied: `bytes` outlives the steps.
  SqliteStatement& bind(int place, std::string_view bytes);
  /// True: a row is there. False: there are no more.
  Result<bool> step();
  /// Steps to the end, for what gives no rows.
  Result<void> finish();
  std::int64_t number(int column) const;
  /// Valid until the next step.
  std::string_view bytes(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  SqliteDatabase() = default;
  /// Opens or makes it; follows no link.
  static Result<SqliteDatabase> open(const std::string& path);

  /// One or more statements without values and rows that matter.
  Result<void> run(const std::string& sql);
  Result<SqliteStatement> prepare(std::string_view sql);
  /// The first column of the first row; 0 where there is none.
  Result<std::int64_t> number(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace balancefs
