// Every key that the configuration file may hold, in one table: the reader refuses what is not in it,
// messages take their "accepted: ..." from it, and mount.conf.example is tested against it.
#pragma once

#include <span>
#include <string_view>

namespace balancefs {

struct KeySpec {
  std::string_view name;
  /// What a message says after "accepted:".
  std::string_view accepts;
  /// The default as TOML text ("\"60s\"", "true"); empty: required, or nothing unless given.
  std::string_view default_value;
  /// Its value never appears in a message.
  bool secret = false;
};

struct SectionSpec {
  std::string_view name;    ///< "mount"; messages say "mount.uid"
  std::string_view header;  ///< as a file writes it: "[mount]"
  std::span<const KeySpec> keys;

  /// Null when the section has no such key.
  const KeySpec* find(std::string_view key) const;
};

extern const SectionSpec kMountSection;
extern const SectionSpec kCacheSection;
extern const SectionSpec kMetadataSection;
extern const SectionSpec kReadSection;
extern const SectionSpec kLogSection;
extern const SectionSpec kControlSection;
extern const SectionSpec kStorageSection;
extern const SectionSpec kGroupSection;

/// All of them, in the order of mount.conf.example.
std::span<const SectionSpec* const> known_sections();

}  // namespace balancefs
