#include "meta/record_codec.h"

#include <xxhash.h>

#include "meta/byte_codec.h"

namespace balancefs {
namespace {

constexpr std::size_t kSumBytes = 8;
/// The shortest row has flags, a name of one byte and its length: bounds what a count may ask memory for.
constexpr std::size_t kShortestRow = 3;

// What follows a row's flags.
constexpr std::uint64_t kDirectory = 1;
constexpr std::uint64_t kSizeKindShift = 1;
constexpr std::uint64_t kSizeKindMask = 3;
constexpr std::uint64_t kEtag = 8;
constexpr std::uint64_t kTime = 16;
constexpr std::uint64_t kWholeSeconds = 32;
constexpr std::uint64_t kChecksum = 64;

// Flags of a word.
constexpr std::uint64_t kListed = 1;
constexpr std::uint64_t kUnproven = 2;

constexpr std::int64_t kNanoseconds = 1'000'000'000;

std::uint64_t hash(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t seed_of(std::string_view kind, const RecordPlace& place) {
  ByteWriter whose;
  whose.text(kind);
  whose.text(place.group);
  whose.text(place.path);
  whose.fixed(place.member);
  return hash(whose.bytes());
}

std::string seal(ByteWriter& record, std::uint64_t seed) {
  record.fixed(hash(record.bytes(), seed));
  return record.take();
}

/// What stands before the checksum, when that fits.
std::optional<std::string_view> unseal(std::string_view bytes, std::uint64_t seed) {
  if (bytes.size() < kSumBytes) return std::nullopt;
  const std::string_view content = bytes.substr(0, bytes.size() - kSumBytes);
  if (hash(content, seed) != record_sum(bytes)) return std::nullopt;
  return content;
}

std::int64_t count_of(FileTime time) {
  return time.time_since_epoch().count();
}
FileTime time_of(std::int64_t count) {
  return FileTime(FileTime::duration(count));
}

void write_time(ByteWriter& out, const std::optional<FileTime>& time) {
  out.number(time ? 1 : 0);
  if (time) out.signed_number(count_of(*time));
}
std::optional<FileTime> read_time(ByteReader& in) {
  if (in.number() == 0) return std::nullopt;
  return time_of(in.signed_number());
}

std::uint64_t flags_of(const InfoView& info) {
  std::uint64_t flags = static_cast<std::uint64_t>(info.size_kind) << kSizeKindShift;
  if (info.type == ObjectType::directory) flags |= kDirectory;
  if (!info.etag.empty()) flags |= kEtag;
  if (info.modified) flags |= kTime;
  if (info.modified && count_of(*info.modified) % kNanoseconds == 0) flags |= kWholeSeconds;
  if (!info.checksum.empty()) flags |= kChecksum;
  return flags;
}

void write_info(ByteWriter& out, const InfoView& info) {
  const std::uint64_t flags = flags_of(info);
  out.number(flags);
  out.number(info.size);
  if ((flags & kEtag) != 0) out.text(info.etag);
  if ((flags & kTime) != 0) {
    const std::int64_t unit = (flags & kWholeSeconds) != 0 ? kNanoseconds : 1;
    out.signed_number(count_of(*info.modified) / unit);
  }
  if ((flags & kChecksum) != 0) out.text(info.checksum);
}

/// False where it is none.
bool read_info(ByteReader& in, MemberIndex member, ObjectInfo& info) {
  const std::uint64_t flags = in.number();
  const std::uint64_t size_kind = flags >> kSizeKindShift & kSizeKindMask;
  if (size_kind > static_cast<std::uint64_t>(SizeKind::unknown)) return false;
  info.type = (flags & kDirectory) != 0 ? ObjectType::directory : ObjectType::file;
  info.size_kind = static_cast<SizeKind>(size_kind);
  info.member = member;
  info.size = in.number();
  if ((flags & kEtag) != 0) info.validator.etag = in.text();
  if ((flags & kTime) != 0) {
    std::int64_t count = in.signed_number();
    if ((flags & kWholeSeconds) != 0 && __builtin_mul_overflow(count, kNanoseconds, &count)) return false;
    info.validator.modified = time_of(count);
  }
  if ((flags & kChecksum) != 0) info.checksum = in.text();
  return in.good();
}

bool read_rows(ByteReader& in, MemberIndex member, std::vector<ListedEntry>& rows) {
  const std::uint64_t count = in.number();
  if (count > in.left() / kShortestRow) return false;
  rows.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.text();
    ObjectInfo info;
    if (!Path::valid_name(name) || !read_info(in, member, info)) return false;
    rows.emplace_back(std::string(name), std::move(info));
  }
  return true;
}

void write_note(ByteWriter& out, std::string_view name, const StatNote& note, const WallTimes& times) {
  InfoView said;
  said.size = note.size;
  said.size_kind = note.size_kind;
  said.etag = note.validator.etag;
  said.modified = note.validator.modified;
  if (note.checksums != nullptr) said.checksum = *note.checksums;
  out.text(name);
  // One that is to be asked again is as old as can be.
  out.signed_number(count_of(times.wall(note.outdated ? times.long_ago() : note.at)));
  out.number(note.gives_size ? 1 : 0);
  write_info(out, said);
}

bool read_notes(ByteReader& in, const WallTimes& times, MemberListing& listing) {
  const std::uint64_t count = in.number();
  if (count > in.left() / kShortestRow) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.text();
    const TimePoint at = times.steady(time_of(in.signed_number())).value_or(times.long_ago());
    const bool gives_size = in.number() != 0;
    ObjectInfo said;
    if (!read_info(in, 0, said)) return false;
    StatNote note(at, said);
    note.gives_size = gives_size;
    note.asked_checksums = note.checksums != nullptr;
    listing.restore_note(name, std::move(note));
  }
  return true;
}

}  // namespace

MemberKey member_key(std::string_view mount_path, std::string_view type, std::string_view address,
                     std::string_view user) {
  ByteWriter what;
  for (const std::string_view part : {mount_path, type, address, user}) what.text(part);
  const MemberKey key = hash(what.bytes());
  return key == 0 ? 1 : key;
}

std::uint64_t record_sum(std::string_view bytes) {
  if (bytes.size() < kSumBytes) return 0;
  return ByteReader(bytes.substr(bytes.size() - kSumBytes)).fixed();
}

std::string encode_word(const WordRecord& word, const RecordPlace& place) {
  ByteWriter out;
  out.number((word.listed ? kListed : 0) | (word.unproven ? kUnproven : 0));
  out.signed_number(count_of(word.answered_at));
  write_time(out, word.doubted_since);
  out.fixed(word.listing);
  return seal(out, seed_of("word", place));
}

std::optional<WordRecord> decode_word(std::string_view bytes, const RecordPlace& place) {
  const auto content = unseal(bytes, seed_of("word", place));
  if (!content) return std::nullopt;
  ByteReader in(*content);
  WordRecord word;
  const std::uint64_t flags = in.number();
  word.listed = (flags & kListed) != 0;
  word.unproven = (flags & kUnproven) != 0;
  word.answered_at = time_of(in.signed_number());
  word.doubted_since = read_time(in);
  word.listing = in.fixed();
  if (!in.finished()) return std::nullopt;
  return word;
}

std::string encode_state(const StateRecord& state, const RecordPlace& place) {
  ByteWriter out;
  write_time(out, state.fresh_from);
  out.number(state.changed.size());
  for (const auto& [name, members] : state.changed) {
    out.text(name);
    out.number(members.size());
    for (const MemberKey member : members) out.fixed(member);
  }
  return seal(out, seed_of("state", place));
}

std::optional<StateRecord> decode_state(std::string_view bytes, const RecordPlace& place) {
  const auto content = unseal(bytes, seed_of("state", place));
  if (!content) return std::nullopt;
  ByteReader in(*content);
  StateRecord state;
  state.fresh_from = read_time(in);
  const std::uint64_t count = in.number();
  for (std::uint64_t i = 0; i < count && in.good(); ++i) {
    auto& [name, members] = state.changed.emplace_back();
    name = in.text();
    const std::uint64_t holders = in.number();
    for (std::uint64_t k = 0; k < holders && in.good(); ++k) members.push_back(in.fixed());
  }
  if (!in.finished()) return std::nullopt;
  return state;
}

std::string encode_listing(const MemberListing& listing, const WallTimes& times, const RecordPlace& place) {
  ByteWriter out;
  out.number(listing.size());
  for (RowIndex row = 0; row < listing.size(); ++row) {
    out.text(listing.name(row));
    write_info(out, listing.as_listed(row));
  }
  out.number(listing.note_count());
  listing.for_each_note(
      [&](std::string_view name, const StatNote& note) { write_note(out, name, note, times); });
  return seal(out, seed_of("listing", place));
}

std::optional<MemberListing> decode_listing(std::string_view bytes, MemberIndex member,
                                            const WallTimes& times, const RecordPlace& place) {
  const auto content = unseal(bytes, seed_of("listing", place));
  if (!content) return std::nullopt;
  ByteReader in(*content);
  std::vector<ListedEntry> rows;
  if (!read_rows(in, member, rows)) return std::nullopt;
  MemberListing listing(std::move(rows));
  if (!read_notes(in, times, listing) || !in.finished()) return std::nullopt;
  return listing;
}

}  // namespace balancefs
