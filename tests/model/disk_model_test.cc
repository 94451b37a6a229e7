// Random reads of changing files through a small disk cache, with restarts, kills and damage, against the
// bytes that must come.
//
// An answer is right when it is the state of the file that its version stands for; a read may fail only where
// the file changed under its handle. Seeds that once failed are kept in kSeeds; BALANCEFS_SEED=n runs
// another.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "unit/io/disk_reading.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSizes[] = {1, 32'768, 100'001, 3'000'000, 40 * 1024 * 1024};
constexpr std::uint64_t kLimit = 64 * 1024 * 1024;
constexpr int kSteps = 400;
constexpr unsigned kSeeds[] = {1, 2, 3};

class DiskModel : public DiskReading, public testing::WithParamInterface<unsigned> {
 protected:
  struct Handle {
    std::string path;
    int revision;
    std::shared_ptr<Version> version;
    std::unique_ptr<FileReader> reader;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void change(std::size_t file) {
    const std::string path = "file" + std::to_string(file);
    revisions_[path] = ++revision_;
    storage.add_file(path, kSizes[file], static_cast<std::uint32_t>(revision_ % 251), revision_);
  }
  void open_one() {
    const std::string path = "file" + std::to_string(below(std::size(kSizes)));
    Handle handle;
    handle.path = path;
    handle.revision = revisions_.at(path);
    // Handles of one state share its version, as they do in the file system.
    for (const Handle& other : handles_) {
      if (other.path == path && other.revision == handle.revision && !other.version->ended())
        handle.version = other.version;
    }
    if (!handle.version) handle.version = version_of(path);
    handle.reader = open(handle.version);
    handles_.push_back(std::move(handle));
  }
  void read_one() {
    if (handles_.empty()) return;
    const Handle& handle = handles_[below(handles_.size())];
    const std::uint64_t size = handle.version->size();
    const std::uint64_t offset = below(4) == 0 ? below(size) : below(std::min<std::uint64_t>(size, 500'000));
    const std::uint64_t count = std::min(size - offset, 1 + below(300'000));
    const bool changed = handle.revision != revisions_.at(handle.path);
    const Result<std::string> answer = read(*handle.reader, offset, count);
    if (!answer) {
      EXPECT_TRUE(changed) << handle.path << ": " << answer.error().text;
      return;
    }
    // The first answer says which state the version is of: the one that was listed when it was opened, or one
    // that came before that answer. From then on it is that one.
    const auto known = states_.find(handle.version);
    const int first = known != states_.end() ? known->second : handle.revision;
    const int last = known != states_.end() ? known->second : revisions_.at(handle.path);
    for (int revision = first; revision <= last; ++revision) {
      if (!is_ramp(answer, offset, count, static_cast<std::uint32_t>(revision % 251))) continue;
      states_[handle.version] = revision;
      return;
    }
    ADD_FAILURE() << handle.path << " at " << offset << ": bytes of another state";
  }
  void damage() {
    const auto data = files(".data");
    const auto index = files(".index");
    const auto& any = below(2) == 0 ? data : index;
    if (any.empty()) return;
    const std::string& file = any[below(any.size())];
    std::error_code gone;
    const std::uint64_t size = std::filesystem::file_size(file, gone);
    if (gone || size == 0) return;
    if (below(8) == 0) {
      std::filesystem::resize_file(file, below(size + 1), gone);
    } else {
      flip(file, below(size));
    }
  }
  void step() {
    switch (below(20)) {
      case 0:
        handles_.clear();
        restart(kLimit);
        break;
      case 1:
        handles_.clear();
        crash(kLimit);
        break;
      case 2:
        damage();
        break;
      case 3:
        change(below(std::size(kSizes)));
        break;
      case 4:
      case 5:
      case 6:
        open_one();
        break;
      case 7:
        if (!handles_.empty())
          handles_.erase(handles_.begin() + static_cast<std::ptrdiff_t>(below(handles_.size())));
        break;
      default:
        read_one();
        break;
    }
    EXPECT_LE(disk().used, kLimit);
  }

  std::mt19937 random_;
  int revision_ = 0;
  std::map<std::string, int> revisions_;
  std::vector<Handle> handles_;
  std::map<std::shared_ptr<Version>, int> states_;
};

TEST_P(DiskModel, EveryAnswerIsOfItsVersion) {
  const char* chosen = std::getenv("BALANCEFS_SEED");
  const auto seed = chosen != nullptr ? static_cast<unsigned>(std::atoi(chosen)) : GetParam();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  random_.seed(seed);
  for (std::size_t file = 0; file < std::size(kSizes); ++file) change(file);
  start(kLimit);
  for (int i = 0; i < kSteps && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message() << "step " << i);
    step();
  }
  handles_.clear();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DiskModel, testing::ValuesIn(kSeeds));

}  // namespace
}  // namespace balancefs::test
