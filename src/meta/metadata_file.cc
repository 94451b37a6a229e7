// Opening, closing, and what to do with a file that is not what it should be. What is written and read:
// metadata_file_save.cc, metadata_file_load.cc.
#include "meta/metadata_file.h"

#include <fmt/format.h>

#include <array>

#include "base/log.h"
#include "meta/metadata_schema.h"

namespace balancefs {
namespace {

// One daemon at a time (the folder's lock), so the lock of the file is never given back and the log's index
// needs no shared memory, which network file systems do not have. NORMAL: a crash of the machine may cost the
// last transactions and never the file; of our own process, nothing.
constexpr const char* kSettings =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA journal_size_limit = 16777216;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON;";

}  // namespace

MetadataFolder::State MetadataFile::unusable(const Error& error) {
  why_ = error.text;
  return error.kind == ErrorKind::no_space ? MetadataFolder::State::full : MetadataFolder::State::unusable;
}

MetadataFolder::State MetadataFile::open() {
  const MetadataFolder::State state = folder_.open(path_);
  why_ = folder_.why();
  if (state != MetadataFolder::State::open) return state;
  ours_ = true;
  folder_.refuse_foreign_file();
  const Result<void> connected = connect();
  if (connected) return MetadataFolder::State::open;
  const bool damaged = connected.error().kind == ErrorKind::corrupted;
  if (!damaged) return unusable(connected.error());
  const Result<void> begun = begin_anew(connected.error());
  return begun ? MetadataFolder::State::open : unusable(begun.error());
}

Result<void> MetadataFile::connect() {
  statements_ = Statements();
  open_ = false;
  database_ = SqliteDatabase();
  auto database = SqliteDatabase::open(folder_.file());
  if (!database) return std::unexpected<Error>(database.error());
  database_ = std::move(*database);
  if (auto set = database_.run(kSettings); !set) return set;
  if (auto migrated = migrate(database_, metadata_steps()); !migrated) return migrated;
  if (auto prepared = prepare(); !prepared) return prepared;
  open_ = true;
  const Result<void> begun = begin_run();
  // A full disk still tells what is on it.
  if (!begun && begun.error().kind == ErrorKind::corrupted) return begun;
  return {};
}

Result<void> MetadataFile::prepare() {
  Statements& made = statements_;
  const std::array<std::pair<SqliteStatement*, const char*>, 12> all = {{
      {&made.find_directory, "SELECT id, expired, run, state FROM directories WHERE grp = ? AND path = ?"},
      {&made.find_words, "SELECT member, word FROM words WHERE directory = ?"},
      {&made.find_listing, "SELECT entries FROM listings WHERE directory = ? AND member = ?"},
      {&made.has_listing, "SELECT 1 FROM listings WHERE directory = ? AND member = ? AND sum = ?"},
      {&made.put_directory,
       "INSERT INTO directories (grp, path, answered, expired, run, state) VALUES (?, ?, ?, 0, ?, ?) "
       "ON CONFLICT (grp, path) DO UPDATE SET answered = excluded.answered, expired = 0, "
       "run = excluded.run, state = excluded.state RETURNING id"},
      {&made.put_word, "INSERT OR REPLACE INTO words (directory, member, entries, word) VALUES (?, ?, ?, ?)"},
      {&made.put_listing,
       "INSERT OR REPLACE INTO listings (directory, member, sum, entries) VALUES (?, ?, ?, ?)"},
      {&made.drop_listing, "DELETE FROM listings WHERE directory = ? AND member = ?"},
      {&made.drop_directory, "DELETE FROM directories WHERE id = ?"},
      {&made.drop_words, "DELETE FROM words WHERE directory = ?"},
      {&made.drop_listings, "DELETE FROM listings WHERE directory = ?"},
      {&made.oldest, "SELECT id FROM directories ORDER BY answered LIMIT 1"},
  }};
  for (const auto& [statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return std::unexpected<Error>(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<void> MetadataFile::begin_run() {
  const auto number = database_.number("SELECT number FROM run WHERE id = 0");
  if (!number) return std::unexpected<Error>(number.error());
  const auto trusted = database_.number("SELECT trusted_from FROM run WHERE id = 0");
  if (!trusted) return std::unexpected<Error>(trusted.error());
  const auto clean = database_.number("SELECT clean FROM run WHERE id = 0");
  if (!clean) return std::unexpected<Error>(clean.error());
  run_ = static_cast<std::uint64_t>(*number) + 1;
  trusted_from_ = *clean == 1 ? static_cast<std::uint64_t>(*trusted) : run_;
  return write_run(false);
}

Result<void> MetadataFile::write_run(bool clean) {
  Result<void> written = database_.run(fmt::format("INSERT OR REPLACE INTO run VALUES (0, {}, {}, {})",
                                                   static_cast<std::int64_t>(run_),
                                                   static_cast<std::int64_t>(trusted_from_), clean ? 1 : 0));
  run_written_ = written.has_value();
  return written;
}

void MetadataFile::distrust() {
  if (!open_) return;
  trusted_from_ = ++run_;
  static_cast<void>(write_run(false));
}

void MetadataFile::close(bool complete) {
  if (open_ && complete && run_written_) static_cast<void>(write_run(true));
  open_ = false;
  ours_ = false;
  statements_ = Statements();
  database_ = SqliteDatabase();
}

Result<void> MetadataFile::begin_anew(const Error& error) {
  log_warning("metadata {}: {}; begun anew, listings are asked of the storages again", path_, error.text);
  ++damaged_;
  statements_ = Statements();
  database_ = SqliteDatabase();
  open_ = false;
  folder_.remove_files();
  return connect();
}

Error MetadataFile::failed(const Error& error) {
  if (error.kind == ErrorKind::corrupted && open_) static_cast<void>(begin_anew(error));
  return error;
}

Result<void> MetadataFile::expire(const std::string& group, const std::string& path, bool below,
                                  DirectoryExpiry expiry) {
  if (!open_) return fail(ErrorKind::unavailable, "not open");
  const char* where = !below         ? "path = ?3"
                      : path.empty() ? "?3 = ?3"
                                     : "(path = ?3 OR (path > ?4 AND path < ?5))";
  auto statement = database_.prepare(
      fmt::format("UPDATE directories SET expired = max(expired, ?1) WHERE grp = ?2 AND {}", where));
  if (!statement) return std::unexpected<Error>(failed(statement.error()));
  // What lies below "a/b" begins with "a/b/", and '0' follows '/'.
  const std::string from = path + "/";
  const std::string to = path + "0";
  statement->begin().bind(1, static_cast<std::int64_t>(expiry)).bind(2, std::string_view(group));
  statement->bind(3, std::string_view(path));
  if (below && !path.empty()) statement->bind(4, std::string_view(from)).bind(5, std::string_view(to));
  Result<void> done = statement->finish();
  *statement = SqliteStatement();
  if (!done) return std::unexpected<Error>(failed(done.error()));
  return done;
}

Result<KeptAmount> MetadataFile::amount() {
  if (!open_) return fail(ErrorKind::unavailable, "not open");
  KeptAmount amount;
  const auto directories = database_.number("SELECT count(*) FROM directories");
  if (!directories) return std::unexpected<Error>(failed(directories.error()));
  const auto entries = database_.number("SELECT sum(entries) FROM words");
  if (!entries) return std::unexpected<Error>(failed(entries.error()));
  const auto bytes = bytes_in_use();
  if (!bytes) return std::unexpected<Error>(failed(bytes.error()));
  amount.directories = static_cast<std::uint64_t>(*directories);
  amount.entries = static_cast<std::uint64_t>(*entries);
  amount.bytes = *bytes;
  return amount;
}

}  // namespace balancefs
