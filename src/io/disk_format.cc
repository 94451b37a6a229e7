#include "io/disk_format.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace balancefs {
namespace {

constexpr std::uint64_t kMagic = 0x31656863'61736662ull;  // "bfscache" + format 1, little endian
constexpr std::uint64_t kSlack = 1024;                    // for pins that come later
constexpr std::uint64_t kLargestRoom = 1024 * 1024;       // far beyond what names and ETags need
constexpr std::size_t kNameLength = 33;

/// What the header begins with; the checksum covers all that follows it in `length` bytes.
struct Preamble {
  std::uint64_t magic;
  std::uint64_t sum;
  std::uint64_t room;
  std::uint64_t length;  ///< of the body
};

std::uint64_t seed_of(const DiskName& name) {
  return name.path_hash ^ (name.number * 0x9e3779b97f4a7c15ull);
}

std::uint64_t header_sum(std::string_view body, std::uint64_t room, const DiskName& name) {
  return XXH3_64bits_withSeed(body.data(), body.size(), seed_of(name) ^ room);
}

class Writer {
 public:
  void number(std::uint64_t value) { text_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    text_.append(value);
  }
  void validator(const Validator& value) {
    text(value.etag);
    number(value.modified ? 1 : 0);
    number(value.modified ? static_cast<std::uint64_t>(value.modified->time_since_epoch().count()) : 0);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Reads what Writer wrote; once something is missing, everything that follows is empty.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    const std::string_view bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  Validator validator() {
    Validator value;
    value.etag = text();
    const bool given = number() != 0;
    const auto count = static_cast<std::int64_t>(number());
    if (given) value.modified = FileTime(std::chrono::nanoseconds(count));
    return value;
  }
  bool good() const { return good_; }
  bool finished() const { return good_ && text_.empty(); }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > text_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
  }
  std::string_view text_;
  bool good_ = true;
};

std::string encode_body(const DiskHeader& header) {
  Writer out;
  out.text(header.path);
  out.number(header.size);
  out.number(header.copies.size());
  for (const DiskCopy& copy : header.copies) {
    out.text(copy.member);
    out.validator(copy.validator);
  }
  out.number(header.pins.size());
  for (const DiskPin& pin : header.pins) {
    out.text(pin.member);
    out.text(pin.source);
    out.validator(pin.validator);
  }
  out.number(header.proven.size());
  for (const std::string& member : header.proven) out.text(member);
  return out.take();
}

std::optional<DiskHeader> decode_body(std::string_view body) {
  Reader in(body);
  DiskHeader header;
  header.path = in.text();
  header.size = in.number();
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    DiskCopy copy;
    copy.member = in.text();
    copy.validator = in.validator();
    header.copies.push_back(std::move(copy));
  }
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
    DiskPin pin;
    pin.member = in.text();
    pin.source = in.text();
    pin.validator = in.validator();
    header.pins.push_back(std::move(pin));
  }
  for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) header.proven.push_back(in.text());
  if (!in.finished() || header.size == 0 || header.size > kLargestDiskFile) return std::nullopt;
  return header;
}

std::optional<Preamble> preamble_of(std::span<const std::byte> bytes) {
  Preamble preamble;
  if (bytes.size() < sizeof preamble) return std::nullopt;
  std::memcpy(&preamble, bytes.data(), sizeof preamble);
  const bool sane = preamble.magic == kMagic && preamble.room % kDiskPage == 0 &&
                    preamble.room >= kDiskPage && preamble.room <= kLargestRoom &&
                    preamble.length <= preamble.room - sizeof preamble;
  if (!sane) return std::nullopt;
  return preamble;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const bool plain =
      std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!plain) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string DiskName::text() const {
  return fmt::format("{:016x}-{:016x}", path_hash, number);
}

std::optional<DiskFileName> parse_disk_file_name(std::string_view text) {
  if (text.size() < kNameLength || text[16] != '-') return std::nullopt;
  const auto hash = parse_hex(text.substr(0, 16));
  const auto number = parse_hex(text.substr(17, 16));
  const std::string_view ending = text.substr(kNameLength);
  if (!hash || !number || (ending != ".data" && ending != ".index")) return std::nullopt;
  DiskFileName found;
  found.name = DiskName(*hash, *number);
  found.kind = ending == ".data" ? DiskFileKind::data : DiskFileKind::index;
  return found;
}

std::uint64_t hash_of_path(std::string_view visible_path) {
  return XXH3_64bits(visible_path.data(), visible_path.size());
}

std::uint64_t unit_sum(const DiskName& name, std::uint64_t unit, std::span<const std::byte> bytes) {
  const std::uint64_t seed = seed_of(name) + (unit + 1) * 0xff51afd7ed558ccdull;
  const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  return sum != 0 ? sum : 1;
}

std::uint64_t header_room(const DiskHeader& header) {
  return round_up(sizeof(Preamble) + encode_body(header).size() + kSlack, kDiskPage);
}

std::string encode_header(const DiskHeader& header, const DiskName& name, std::uint64_t room) {
  const std::string body = encode_body(header);
  if (room > kLargestRoom || sizeof(Preamble) + body.size() > room) return {};
  Preamble preamble{};
  preamble.magic = kMagic;
  preamble.room = room;
  preamble.length = body.size();
  preamble.sum = header_sum(body, room, name);
  std::string out(reinterpret_cast<const char*>(&preamble), sizeof preamble);
  out += body;
  out.resize(room);
  return out;
}

std::optional<std::uint64_t> room_of(std::span<const std::byte> first_page) {
  const auto preamble = preamble_of(first_page);
  if (!preamble) return std::nullopt;
  return preamble->room;
}

std::optional<DiskHeader> decode_header(std::span<const std::byte> bytes, const DiskName& name) {
  const auto preamble = preamble_of(bytes);
  if (!preamble || bytes.size() < sizeof(Preamble) + preamble->length) return std::nullopt;
  const std::string_view body(reinterpret_cast<const char*>(bytes.data()) + sizeof(Preamble),
                              preamble->length);
  if (header_sum(body, preamble->room, name) != preamble->sum) return std::nullopt;
  auto header = decode_body(body);
  if (!header || hash_of_path(header->path) != name.path_hash) return std::nullopt;
  return header;
}

bool confirms(const Validator& one, const Validator& other) {
  const bool comparable =
      (!one.etag.empty() && !other.etag.empty()) || (one.modified.has_value() && other.modified.has_value());
  return comparable && !one.contradicts(other);
}

DiskMatch match_header(const DiskHeader& header, std::string_view path, std::uint64_t size,
                       const std::vector<DiskCopy>& copies) {
  if (header.path != path || copies.empty()) return DiskMatch::unrelated;
  const DiskCopy& authority = copies.front();
  const auto then = std::ranges::find(header.copies, authority.member, &DiskCopy::member);
  if (then == header.copies.end()) return DiskMatch::unrelated;
  if (header.size != size || then->validator.contradicts(authority.validator)) return DiskMatch::other;
  return confirms(then->validator, authority.validator) ? DiskMatch::same : DiskMatch::unrelated;
}

}  // namespace balancefs
