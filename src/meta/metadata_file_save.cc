// Writing directories, all of a batch or none, and giving up the oldest when there are too many.
#include "meta/metadata_file.h"

namespace balancefs {
namespace {

/// How many directories one batch may give up: bounds how long a load waits behind it.
constexpr int kMostDropped = 1000;

}  // namespace

Result<void> MetadataFile::transaction(const std::function<Result<void>()>& work) {
  if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
  Result<void> done = work();
  if (done) done = database_.run("COMMIT");
  if (!done) static_cast<void>(database_.run("ROLLBACK"));
  return done;
}

Result<std::vector<std::size_t>> MetadataFile::save(const std::vector<DirectoryToKeep>& directories) {
  if (!ours_) return fail(ErrorKind::unavailable, "not open");
  if (!open_) {
    if (auto again = connect(); !again) return std::unexpected<Error>(again.error());
  }
  if (!run_written_) {
    if (auto written = write_run(false); !written) return std::unexpected<Error>(failed(written.error()));
  }
  std::vector<std::size_t> lacking;
  const Result<void> done = transaction([&]() -> Result<void> {
    for (std::size_t i = 0; i < directories.size(); ++i) {
      const Result<bool> whole = put(directories[i]);
      if (!whole) return std::unexpected<Error>(whole.error());
      if (!*whole) lacking.push_back(i);
    }
    return make_room();
  });
  if (!done) return std::unexpected<Error>(failed(done.error()));
  return lacking;
}

Result<bool> MetadataFile::put(const DirectoryToKeep& directory) {
  SqliteStatement& statement = statements_.put_directory;
  statement.begin().bind(1, std::string_view(directory.group)).bind(2, std::string_view(directory.path));
  statement.bind(3, directory.answered).bind(4, static_cast<std::int64_t>(run_));
  statement.bind(5, std::string_view(directory.state));
  const Result<bool> row = statement.step();
  if (!row) return row;
  const std::int64_t id = statement.number(0);
  if (auto ended = statement.finish(); !ended) return std::unexpected<Error>(ended.error());
  bool whole = true;
  for (const WordToKeep& word : directory.words) {
    const Result<bool> there = put_listing(id, word);
    if (!there) return there;
    whole = whole && *there;
    if (!*there) continue;
    SqliteStatement& put_word = statements_.put_word;
    put_word.begin().bind(1, id).bind(2, static_cast<std::int64_t>(word.member));
    put_word.bind(3, static_cast<std::int64_t>(word.names)).bind(4, std::string_view(word.word));
    if (auto put = put_word.finish(); !put) return std::unexpected<Error>(put.error());
  }
  return whole;
}

Result<bool> MetadataFile::put_listing(std::int64_t directory, const WordToKeep& word) {
  const auto member = static_cast<std::int64_t>(word.member);
  const auto sum = static_cast<std::int64_t>(word.listing);
  if (word.entries) {
    SqliteStatement& put = statements_.put_listing;
    put.begin().bind(1, directory).bind(2, member).bind(3, sum).bind(4, std::string_view(*word.entries));
    if (auto done = put.finish(); !done) return std::unexpected<Error>(done.error());
    return true;
  }
  if (word.listing == 0) {
    SqliteStatement& drop = statements_.drop_listing;
    drop.begin().bind(1, directory).bind(2, member);
    if (auto done = drop.finish(); !done) return std::unexpected<Error>(done.error());
    return true;
  }
  SqliteStatement& has = statements_.has_listing;
  has.begin().bind(1, directory).bind(2, member).bind(3, sum);
  const Result<bool> there = has.step();
  has.begin();
  return there;
}

Result<void> MetadataFile::drop(std::int64_t directory) {
  for (SqliteStatement* statement :
       {&statements_.drop_listings, &statements_.drop_words, &statements_.drop_directory}) {
    statement->begin().bind(1, directory);
    if (auto done = statement->finish(); !done) return done;
  }
  return {};
}

Result<std::uint64_t> MetadataFile::bytes_in_use() {
  const auto pages = database_.number("PRAGMA page_count");
  if (!pages) return std::unexpected<Error>(pages.error());
  const auto unused = database_.number("PRAGMA freelist_count");
  if (!unused) return std::unexpected<Error>(unused.error());
  const auto page = database_.number("PRAGMA page_size");
  if (!page) return std::unexpected<Error>(page.error());
  return static_cast<std::uint64_t>((*pages - *unused) * *page);
}

Result<void> MetadataFile::make_room() {
  for (int dropped = 0; dropped < kMostDropped; ++dropped) {
    const auto used = bytes_in_use();
    if (!used) return std::unexpected<Error>(used.error());
    if (*used <= most_bytes_) return {};
    SqliteStatement& oldest = statements_.oldest;
    const Result<bool> row = oldest.begin().step();
    if (!row) return std::unexpected<Error>(row.error());
    const std::int64_t directory = *row ? oldest.number(0) : 0;
    oldest.begin();
    if (!*row) return {};
    if (auto done = drop(directory); !done) return done;
  }
  return {};
}

}  // namespace balancefs
