#include "meta/metadata_schema.h"

#include <fmt/format.h>

#include <array>

namespace balancefs {
namespace {

// directories.answered: seconds of the wall clock, when somebody last answered: who goes when there are too
// many. directories.expired: DirectoryExpiry; directories.run: in which it was written. A word is a few bytes
// that change with every answer, and names its listing, which is long and seldom changes, by its sum.
constexpr const char* kVersion1 = R"(
CREATE TABLE directories (
  id INTEGER PRIMARY KEY,
  grp BLOB NOT NULL,
  path BLOB NOT NULL,
  answered INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  run INTEGER NOT NULL,
  state BLOB NOT NULL,
  UNIQUE (grp, path)
);
CREATE INDEX directories_answered ON directories (answered);
CREATE TABLE words (
  directory INTEGER NOT NULL,
  member INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  word BLOB NOT NULL,
  PRIMARY KEY (directory, member)
) WITHOUT ROWID;
CREATE TABLE listings (
  directory INTEGER NOT NULL,
  member INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  entries BLOB NOT NULL,
  PRIMARY KEY (directory, member)
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  number INTEGER NOT NULL,
  trusted_from INTEGER NOT NULL,
  clean INTEGER NOT NULL
);
INSERT INTO run VALUES (0, 0, 0, 1);
)";

constexpr std::array<const char*, 1> kMetadataSteps = {kVersion1};

Result<void> apply(SqliteDatabase& database, std::span<const char* const> steps, std::size_t from) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (std::size_t version = from; version < steps.size(); ++version) sql += steps[version];
  sql += fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;", kMetadataApplication,
                     steps.size());
  Result<void> applied = database.run(sql);
  if (!applied) static_cast<void>(database.run("ROLLBACK"));
  return applied;
}

}  // namespace

std::span<const char* const> metadata_steps() {
  return kMetadataSteps;
}

Result<void> migrate(SqliteDatabase& database, std::span<const char* const> steps) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return std::unexpected<Error>(application.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected<Error>(version.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected<Error>(tables.error());
  const bool empty = *application == 0 && *version == 0 && *tables == 0;
  if (!empty && *application != kMetadataApplication) return fail(ErrorKind::corrupted, "not one of ours");
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (!empty && (*version < 1 || *version > newest)) {
    return fail(ErrorKind::corrupted,
                fmt::format("of version {}, and {} is the newest known", *version, newest));
  }
  if (*version == newest) return {};
  return apply(database, steps, static_cast<std::size_t>(*version));
}

}  // namespace balancefs
