// The file of the kept metadata: SQLite with a write-ahead log, for the store's one thread.
//
// Whatever is wrong with the file costs what was kept in it and nothing else: one that is not what we wrote
// is begun anew, a record that does not fit its checksum is given up, each with one line in the log. Every
// run has a number; the listings of a run that did not end as it should, or that could not write all it knew,
// may be older than what programs were shown, and no longer prove that a name is absent. Blocking; one thread
// at a time.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "meta/kept_directory.h"
#include "meta/metadata_folder.h"
#include "meta/sqlite_database.h"

namespace balancefs {

class MetadataFile {
 public:
  /// `most_bytes`: beyond it the directories that were answered the longest ago go.
  MetadataFile(std::string folder, std::uint64_t most_bytes)
      : path_(std::move(folder)), most_bytes_(most_bytes) {}

  /// May be called again after `in_use` and `full`.
  MetadataFolder::State open();
  const std::string& why() const { return why_; }
  /// `complete`: everything that programs were shown has been written.
  void close(bool complete);

  /// `not_found`: nothing of it is kept.
  Result<KeptDirectory> load(const DirectoryQuestion& question);
  /// All of them or, on an error, none. The indices of those of which a listing was not there that should
  /// have been.
  Result<std::vector<std::size_t>> save(const std::vector<DirectoryToKeep>& directories);
  /// Some directory's newest state will not be written: what is in the file proves no absence any more.
  void distrust();
  /// `below`: all directories in it as well.
  Result<void> expire(const std::string& group, const std::string& path, bool below, DirectoryExpiry expiry);
  Result<KeptAmount> amount();
  std::uint64_t damaged() const { return damaged_; }

 private:
  struct Statements {
    SqliteStatement find_directory, find_words, find_listing, has_listing;
    SqliteStatement put_directory, put_word, put_listing, drop_listing;
    SqliteStatement drop_directory, drop_words, drop_listings, oldest;
    Statements() = default;
  };

  MetadataFolder::State unusable(const Error& error);
  Result<void> connect();
  Result<void> prepare();
  Result<void> begin_run();
  Result<void> write_run(bool clean);
  /// Drops what is there and begins with an empty file.
  Result<void> begin_anew(const Error& error);
  /// After a failed call: begins anew where the file is not what we wrote.
  Error failed(const Error& error);

  // metadata_file_load.cc
  Result<KeptDirectory> read(const DirectoryQuestion& question);
  Result<void> read_words(const DirectoryQuestion& question, std::int64_t directory, KeptDirectory& kept);
  Result<bool> read_listing(const DirectoryQuestion& question, std::int64_t directory, KeptWord& word);
  void give_up(std::int64_t directory, const std::string& group, const std::string& path);

  // metadata_file_save.cc
  Result<void> transaction(const std::function<Result<void>()>& work);
  Result<bool> put(const DirectoryToKeep& directory);
  Result<bool> put_listing(std::int64_t directory, const WordToKeep& word);
  Result<void> drop(std::int64_t directory);
  Result<void> make_room();
  Result<std::uint64_t> bytes_in_use();

  std::string path_;
  std::uint64_t most_bytes_;
  std::string why_;
  MetadataFolder folder_;
  SqliteDatabase database_;
  Statements statements_;  ///< gone before the database
  bool ours_ = false;      ///< the folder is locked by us
  bool open_ = false;
  std::uint64_t run_ = 1;
  std::uint64_t trusted_from_ = 1;
  bool run_written_ = false;
  std::uint64_t damaged_ = 0;
};

}  // namespace balancefs
