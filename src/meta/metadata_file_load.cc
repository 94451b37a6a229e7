// Reading one directory back. A record that does not fit its checksum, or that is not where it belongs, means
// that nothing of the directory is believed.
#include <algorithm>

#include "base/log.h"
#include "meta/metadata_file.h"

namespace balancefs {

Result<KeptDirectory> MetadataFile::load(const DirectoryQuestion& question) {
  if (!open_) return fail(ErrorKind::unavailable, "not open");
  Result<KeptDirectory> kept = read(question);
  for (SqliteStatement* used :
       {&statements_.find_directory, &statements_.find_words, &statements_.find_listing})
    used->begin();
  if (!kept) return std::unexpected<Error>(failed(kept.error()));
  return kept;
}

Result<KeptDirectory> MetadataFile::read(const DirectoryQuestion& question) {
  SqliteStatement& find = statements_.find_directory;
  find.begin().bind(1, std::string_view(question.group)).bind(2, std::string_view(question.path));
  const Result<bool> found = find.step();
  if (!found) return std::unexpected<Error>(found.error());
  if (!*found) return fail(ErrorKind::not_found, "not kept");
  const std::int64_t directory = find.number(0);
  const std::int64_t expiry = find.number(1);
  const auto run = static_cast<std::uint64_t>(find.number(2));
  const auto state = decode_state(find.bytes(3), RecordPlace(question.group, question.path));
  find.begin();
  KeptDirectory kept;
  const Result<void> words =
      state ? read_words(question, directory, kept) : fail(ErrorKind::not_found, "damaged");
  if (!words && words.error().kind == ErrorKind::not_found) give_up(directory, question.group, question.path);
  if (!words) return std::unexpected<Error>(words.error());
  kept.fresh_from = state->fresh_from;
  kept.of_earlier_run = run != run_;
  kept.maybe_outdated = question.incomplete || run < trusted_from_;
  if (expiry != 0) kept.expiry = expiry == 2 ? DirectoryExpiry::refreshed : DirectoryExpiry::expired;
  for (const auto& [name, members] : state->changed) {
    for (MemberIndex m = 0; m < question.members.size(); ++m) {
      if (std::find(members.begin(), members.end(), question.members[m]) != members.end())
        kept.changed[name].insert(m);
    }
  }
  return kept;
}

Result<void> MetadataFile::read_words(const DirectoryQuestion& question, std::int64_t directory,
                                      KeptDirectory& kept) {
  SqliteStatement& find = statements_.find_words;
  find.begin().bind(1, directory);
  for (;;) {
    const Result<bool> row = find.step();
    if (!row) return std::unexpected<Error>(row.error());
    if (!*row) return {};
    const auto member = static_cast<MemberKey>(find.number(0));
    const auto known = std::find(question.members.begin(), question.members.end(), member);
    if (known == question.members.end()) continue;  // of a storage that is configured no more
    const auto record = decode_word(find.bytes(1), RecordPlace(question.group, question.path, member));
    if (!record) return fail(ErrorKind::not_found, "damaged");
    KeptWord word;
    word.member = static_cast<MemberIndex>(known - question.members.begin());
    word.word = *record;
    const Result<bool> whole = record->listed ? read_listing(question, directory, word) : Result<bool>(true);
    if (!whole) return std::unexpected<Error>(whole.error());
    if (!*whole) return fail(ErrorKind::not_found, "damaged");
    kept.words.push_back(std::move(word));
  }
}

Result<bool> MetadataFile::read_listing(const DirectoryQuestion& question, std::int64_t directory,
                                        KeptWord& word) {
  const MemberKey member = question.members[word.member];
  SqliteStatement& find = statements_.find_listing;
  find.begin().bind(1, directory).bind(2, static_cast<std::int64_t>(member));
  const Result<bool> row = find.step();
  if (!row) return row;
  if (!*row || record_sum(find.bytes(0)) != word.word.listing) return false;
  auto listing = decode_listing(find.bytes(0), word.member, question.times,
                                RecordPlace(question.group, question.path, member));
  if (!listing) return false;
  word.listing = std::move(*listing);
  return true;
}

void MetadataFile::give_up(std::int64_t directory, const std::string& group, const std::string& path) {
  if (damaged_++ == 0) {
    log_warning("metadata {}: what was kept of {}/{} is damaged, and given up like any that follows", path_,
                group, path);
  }
  statements_.find_words.begin();
  statements_.find_listing.begin();
  const Result<void> dropped = transaction([&] { return drop(directory); });
  if (!dropped) log_debug("metadata {}: {}", path_, dropped.error().text);
}

}  // namespace balancefs
