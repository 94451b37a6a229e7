// A listing cache over a group of fakes whose knowledge is kept in a store on disk, and restarts of both.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "meta/metadata_store.h"
#include "support/temp_folder.h"
#include "unit/meta/cache_fixture.h"

namespace balancefs::test {

class KeptTest : public CacheTest {
 protected:
  explicit KeptTest(std::size_t members = 2) : CacheTest(members) {
    for (std::size_t m = 0; m < members; ++m) keys.push_back(100 + m);
    t.elsewhere = [this] { return store && store->busy(); };
  }
  void TearDown() override { stop(); }

  void start() {
    MetadataStoreOptions where;
    where.folder = place;
    where.most_bytes = most_bytes;
    where.most_queued_rows = most_queued_rows;
    store = std::make_unique<MetadataStore>(where, t.executor(), t.clock, [this] { return wall(); });
    kept = &store->group("/pt", keys);
    use().keep_in(*kept);
    store->start();
    t.settle();
  }
  /// The daemon's clean end.
  void stop() {
    if (cache) t.run_void(cache->close());
    if (store) t.run_void(store->close());
    cache.reset();
    store.reset();
  }
  void restart() {
    stop();
    start();
  }
  /// What a kill leaves: the files as they are at this moment.
  void crash() {
    const std::string left = folder.path("crash" + std::to_string(++crashes));
    std::filesystem::copy(place, left);
    stop();
    place = left;
    start();
  }
  /// Until everything that is known is written.
  void written() { t.pass(std::chrono::seconds(3)); }
  FileTime wall() const {
    return FileTime(std::chrono::hours(500'000)) + (t.clock.now() - TimePoint()) + skew;
  }
  void break_all(ErrorKind kind = ErrorKind::unavailable) {
    for (std::size_t m = 0; m < group.size(); ++m) break_member(m, kind);
  }
  void mend_all() {
    for (std::size_t m = 0; m < group.size(); ++m) mend_member(m);
  }

  TempFolder folder;
  std::string place = folder.path("mnt.metadata");
  std::uint64_t most_bytes = MetadataStoreOptions::kMostBytes;
  std::size_t most_queued_rows = DirectoryTable::kRows;
  std::vector<MemberKey> keys;
  Duration skew{0};  ///< of the wall clock
  int crashes = 0;
  std::unique_ptr<MetadataStore> store;
  GroupStore* kept = nullptr;  ///< the group's part of it
};

}  // namespace balancefs::test
