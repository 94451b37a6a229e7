// What a storage may be asked: its own limits, or those of the account that it shares with others.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/config_sections.h"
#include "config/section_reader.h"
#include "config/values.h"

namespace balancefs {
namespace {

constexpr std::size_t kLongestAccount = 64;
// Below that one block of 128 KiB takes longer than a program waits for it.
constexpr std::uint64_t kSmallestBandwidth = std::uint64_t(16) << 10;
constexpr std::uint64_t kLargestBandwidth = std::uint64_t(1) << 40;

bool names_an_account(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= kLongestAccount && !std::ranges::any_of(text, is_control);
}

std::uint64_t read_bandwidth(SectionReader& reader) {
  const auto text = reader.text("bandwidth");
  if (!text) return 0;
  const auto size = parse_size(*text);
  if (size && *size >= kSmallestBandwidth && *size <= kLargestBandwidth) return *size;
  reader.refuse("bandwidth", *text);
  return 0;
}

/// The storages of one account give a limit once, or all the same.
template <class Value>
void agree(SectionReader& reader, std::string_view key, Value LimitOptions::* limit,
           const StorageOptions& storage, const Options& options) {
  if (storage.account.empty() || storage.limits.*limit == 0) return;
  for (const StorageOptions& other : options.storages) {
    if (other.account != storage.account || other.limits.*limit == 0) continue;
    if (other.limits.*limit == storage.limits.*limit) continue;
    return reader.problem(key, fmt::format("differs from that of the storage at line {}, which has the same "
                                           "account; give it for one of them",
                                           other.line));
  }
}

template <class Value>
void adopt(Value& own, Value other) {
  if (own == 0) own = other;
}

}  // namespace

void read_limits(SectionReader& reader, StorageOptions& storage, const Options& options) {
  if (const auto name = reader.text("account")) {
    if (names_an_account(*name)) {
      storage.account = *name;
    } else {
      reader.refuse("account", *name);
    }
  }
  LimitOptions& limits = storage.limits;
  limits.max_connections = static_cast<std::uint32_t>(reader.number("max_connections", 1, 1000).value_or(0));
  limits.requests_per_second =
      static_cast<std::uint32_t>(reader.number("requests_per_second", 1, 100'000).value_or(0));
  limits.bandwidth = read_bandwidth(reader);
  agree(reader, "max_connections", &LimitOptions::max_connections, storage, options);
  agree(reader, "requests_per_second", &LimitOptions::requests_per_second, storage, options);
  agree(reader, "bandwidth", &LimitOptions::bandwidth, storage, options);
}

void share_limits(Options& options) {
  std::map<std::string, LimitOptions> accounts;
  for (const StorageOptions& storage : options.storages) {
    if (storage.account.empty()) continue;
    LimitOptions& shared = accounts[storage.account];
    adopt(shared.max_connections, storage.limits.max_connections);
    adopt(shared.requests_per_second, storage.limits.requests_per_second);
    adopt(shared.bandwidth, storage.limits.bandwidth);
  }
  for (StorageOptions& storage : options.storages) {
    if (storage.account.empty()) continue;
    storage.limits = accounts[storage.account];
    if (storage.limits.any()) continue;
    options.warnings.push_back(fmt::format(
        "{}:{}: storage {}: account {} changes nothing: none of its storages has max_connections, "
        "requests_per_second or bandwidth",
        options.file, storage.line, storage.path, quote(storage.account)));
  }
}

}  // namespace balancefs
