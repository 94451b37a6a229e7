#include "base/checksums.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace balancefs {
namespace {

struct Kind {
  std::string_view name;
  std::size_t digits;
  std::array<std::string_view, 2> others;  ///< how headers and servers spell it too
};
/// By strength.
constexpr std::array<Kind, 4> kKinds = {{
    {"sha256", 64, {"sha-256", "sha2-256"}},
    {"sha3-256", 64, {"sha3_256", "sha3-256"}},
    {"sha1", 40, {"sha-1", "sha"}},
    {"md5", 32, {"md-5", "md5"}},
}};

/// Null: not one that proves anything.
const Kind* kind_called(std::string_view name) {
  const std::string lower = to_lower(trim(name));
  const auto called_so = [&](const Kind& kind) {
    return kind.name == lower || std::ranges::count(kind.others, lower) > 0;
  };
  const auto found = std::ranges::find_if(kKinds, called_so);
  return found == kKinds.end() ? nullptr : &*found;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The next word, which is taken off `text`; empty at its end.
std::string_view next_word(std::string_view& text) {
  text = trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
  text.remove_prefix(word.size());
  return word;
}

/// Empty: not given.
std::string_view value_of(std::string_view checksums, std::string_view kind) {
  for (auto word = next_word(checksums); !word.empty(); word = next_word(checksums)) {
    if (word.size() > kind.size() && word[kind.size()] == ':' && word.starts_with(kind))
      return word.substr(kind.size() + 1);
  }
  return {};
}

}  // namespace

std::string normal_checksums(std::string_view text) {
  std::array<std::string, kKinds.size()> values;
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    const std::size_t colon = word.find(':');
    const Kind* kind = colon == std::string_view::npos ? nullptr : kind_called(word.substr(0, colon));
    if (kind == nullptr) continue;
    std::string value = to_lower(word.substr(colon + 1));
    std::string& known = values[static_cast<std::size_t>(kind - kKinds.data())];
    if (known.empty() && value.size() == kind->digits && is_hex(value)) known = std::move(value);
  }
  std::string out;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (values[i].empty()) continue;
    if (!out.empty()) out += ' ';
    out.append(kKinds[i].name).append(":").append(values[i]);
  }
  return out;
}

std::string checksum_of_base64(std::string_view kind, std::string_view base64) {
  const Kind* known = kind_called(kind);
  base64 = trim(base64);
  // Digits that are missing make no value; EVP_DecodeBlock() takes those of '=' for zeros, wherever it
  // stands.
  const std::size_t bytes = known == nullptr ? 0 : known->digits / 2;
  const std::size_t padding = (3 - bytes % 3) % 3;
  if (known == nullptr || base64.size() != (bytes + 2) / 3 * 4) return {};
  if (base64.find('=') != (padding == 0 ? std::string_view::npos : base64.size() - padding)) return {};
  std::vector<unsigned char> value(bytes + padding);
  const auto* digits = reinterpret_cast<const unsigned char*>(base64.data());
  const int decoded = EVP_DecodeBlock(value.data(), digits, static_cast<int>(base64.size()));
  if (decoded != static_cast<int>(value.size())) return {};
  value.resize(bytes);
  return fmt::format("{}:{:02x}", known->name, fmt::join(value, ""));
}

ChecksumComparison compare_checksums(std::string_view left, std::string_view right) {
  ChecksumComparison all;
  if (left.empty() || right.empty()) return all;
  for (const Kind& kind : kKinds) {
    const std::string_view mine = value_of(left, kind.name);
    const std::string_view theirs = mine.empty() ? mine : value_of(right, kind.name);
    if (theirs.empty()) continue;
    if (mine != theirs) return ChecksumComparison(ChecksumComparison::Outcome::different, kind.name);
    if (all.kind.empty()) all = ChecksumComparison(ChecksumComparison::Outcome::same, kind.name);
  }
  return all;
}

}  // namespace balancefs
