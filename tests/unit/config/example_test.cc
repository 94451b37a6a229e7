// mount.conf.example is documentation that is tested: it loads, and holds every key with its real default.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "config/config_file.h"
#include "config/config_keys.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

const std::string kExample = std::string(BALANCEFS_SOURCE_DIR) + "/mount.conf.example";

/// Per section name, key to value text; keys behind "# " count. The first of several values stays.
using Keys = std::map<std::string, std::map<std::string, std::string>>;

bool is_key_name(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '2'; });
}

Keys keys_in_example() {
  std::ifstream file(kExample);
  Keys keys;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('[')) {
      const std::size_t start = line.find_first_not_of('[');
      section = line.substr(start, line.find_first_of(".]", start) - start);
      continue;
    }
    std::string_view text = line;
    if (text.starts_with("# ")) text.remove_prefix(2);
    const std::size_t equals = text.find(" = ");
    if (equals == std::string_view::npos || !is_key_name(text.substr(0, equals))) continue;
    keys[section].emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 3)));
  }
  return keys;
}

TEST(ExampleFile, Loads) {
  const ConfigResult result = load_config(kExample);
  ASSERT_TRUE(result.has_value()) << result.error().front().line << ": " << result.error().front().text;
  EXPECT_EQ(result->storages.size(), 3u);
  EXPECT_TRUE(result->warnings.empty());
}

TEST(ExampleFile, HoldsEveryKeyWithItsDefaultAndNoOther) {
  const Keys keys = keys_in_example();
  for (const SectionSpec* section : known_sections()) {
    const auto found = keys.find(std::string(section->name));
    ASSERT_NE(found, keys.end()) << section->name;
    for (const KeySpec& key : section->keys) {
      const auto value = found->second.find(std::string(key.name));
      ASSERT_NE(value, found->second.end())
          << section->name << "." << key.name << " is not in mount.conf.example";
      if (key.default_value.empty()) continue;
      EXPECT_EQ(value->second, key.default_value) << section->name << "." << key.name;
    }
    EXPECT_EQ(found->second.size(), section->keys.size())
        << "a key in [" << section->name << "] that nobody reads";
  }
}

TEST(KeyTable, DefaultsAreTheRealOnes) {
  const TempFolder folder;
  std::string text;
  const std::string storage = "path = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h\"\n";
  for (const SectionSpec* section : known_sections()) {
    text += std::string(section->header) + "\n" + (section->name == "storage" ? storage : "");
    for (const KeySpec& key : section->keys) {
      if (!key.default_value.empty())
        text += std::string(key.name) + " = " + std::string(key.default_value) + "\n";
    }
  }
  const ConfigResult loaded = load_config(folder.write("mount.conf", text));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text;
  const ConfigResult without = load_config(folder.write("short.conf", "[[storage]]\n" + storage));
  ASSERT_TRUE(without.has_value());
  const Options fresh;
  const StorageOptions storage_default;
  EXPECT_EQ(loaded->mount.allow_other, fresh.mount.allow_other);
  EXPECT_EQ(loaded->mount.read_only, fresh.mount.read_only);
  EXPECT_EQ(loaded->mount.umask, fresh.mount.umask);
  EXPECT_EQ(loaded->mount.file_mode, fresh.mount.file_mode);
  EXPECT_EQ(loaded->mount.dir_mode, fresh.mount.dir_mode);
  EXPECT_EQ(loaded->mount.read_ahead, fresh.mount.read_ahead);
  EXPECT_EQ(loaded->cache.mode, fresh.cache.mode);
  EXPECT_EQ(loaded->cache.dir, without->cache.dir);
  EXPECT_EQ(loaded->cache.size, fresh.cache.size);
  EXPECT_EQ(loaded->cache.memory, fresh.cache.memory);
  EXPECT_EQ(loaded->metadata.ttl, fresh.metadata.ttl);
  EXPECT_EQ(loaded->metadata.max_stale, fresh.metadata.max_stale);
  EXPECT_EQ(loaded->metadata.stale_if_error, fresh.metadata.stale_if_error);
  EXPECT_EQ(loaded->metadata.patience, fresh.metadata.patience);
  EXPECT_EQ(loaded->metadata.timeout, fresh.metadata.timeout);
  EXPECT_EQ(loaded->read.read_timeout, fresh.read.read_timeout);
  EXPECT_EQ(loaded->log.level, fresh.log.level);
  EXPECT_EQ(loaded->log.target, fresh.log.target);
  EXPECT_EQ(loaded->control.address, "");
  const StorageOptions& read = loaded->storages.at(0);
  EXPECT_EQ(read.http.auth, storage_default.http.auth);
  EXPECT_EQ(read.http.verify_tls, storage_default.http.verify_tls);
  EXPECT_EQ(read.http.user_agent, storage_default.http.user_agent);
  EXPECT_EQ(read.http.connect_timeout, storage_default.http.connect_timeout);
  EXPECT_EQ(read.http.http2, storage_default.http.http2);
  EXPECT_EQ(read.etags, storage_default.etags);
  EXPECT_EQ(read.weight, storage_default.weight);
  EXPECT_EQ(read.tier, storage_default.tier);
  EXPECT_EQ(read.enabled, storage_default.enabled);
  EXPECT_EQ(read.account, "");
  EXPECT_EQ(read.limits, storage_default.limits);
  EXPECT_EQ(loaded->groups.at("/pt").policy, GroupOptions().policy);
  EXPECT_EQ(loaded->groups.at("/pt").identity, GroupOptions().identity);
}

}  // namespace
}  // namespace balancefs::test
