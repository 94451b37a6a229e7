// A listing cache over a group of fakes on a manual clock, with questions as one-liners.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "meta/listing_cache.h"
#include "unit/meta/member_group.h"

namespace balancefs::test {

class ChangeLog final : public ListingListener {
 public:
  void entries_changed(const Path& directory, std::vector<std::string_view> names) override {
    for (const std::string_view name : names) changed.insert(directory.child(name).str());
  }
  std::set<std::string> changed;
};

class CacheTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;

  explicit CacheTest(std::size_t members = 2) : group(t, members) {}
  void TearDown() override {
    if (cache) t.run_void(cache->close());
  }
  ListingCache& use() {
    if (!cache) {
      cache =
          std::make_unique<ListingCache>(group, group.size(), rules, options, t.executor(), t.clock, &log);
    }
    return *cache;
  }
  static Path path(std::string_view text) { return *Path::parse(text); }

  Result<std::shared_ptr<const Directory>> list(std::string_view at) { return t.run(use().list(path(at))); }
  Names names(std::string_view at) {
    const auto listing = list(at);
    Names found;
    if (!listing) return {std::string(to_string(listing.error().kind))};
    for (const DirectoryEntry& entry : (*listing)->entries()) found.push_back(entry.name);
    return found;
  }
  void pass_ttl() { t.pass(std::chrono::seconds(61), std::chrono::seconds(1)); }
  /// Asks until the answer is settled: the first question only starts a revalidation.
  Names settled_names(std::string_view at) {
    names(at);
    t.pass(std::chrono::milliseconds(100));
    return names(at);
  }
  Result<DirectoryEntry> lookup(std::string_view at) { return t.run(use().lookup(path(at))); }
  Result<DirectoryEntry> open(std::string_view at) { return t.run(use().refresh_for_open(path(at))); }
  /// "ok", or the error's kind.
  template <class T>
  static std::string said(const Result<T>& result) {
    return result ? "ok" : std::string(to_string(result.error().kind));
  }
  /// How long a question took on the manual clock.
  template <class Question>
  Duration time_of(Question question) {
    const TimePoint begin = t.clock.now();
    question();
    return t.clock.now() - begin;
  }
  void break_member(std::size_t m, ErrorKind kind = ErrorKind::unavailable) {
    group[m].fail_everything = Error(kind, "broken");
  }
  void mend_member(std::size_t m) { group[m].fail_everything.reset(); }

  TestLoop t;
  MemberGroup group;
  GroupOptions rules;
  MetadataOptions options;
  ChangeLog log;
  std::unique_ptr<ListingCache> cache;
};

}  // namespace balancefs::test
