// Two hundred mounts in a row. Each mount is a process of its own, so what could leak from one to the next is
// outside of it; and what one mount holds at a given point of its life must not depend on its predecessors.
//
// Compared at the same point of every mount's life (one file was read): the daemon's open descriptors, its
// threads and VmRSS. After every unmount: the daemon's process, its mark (an abstract socket), the mount and
// the kernel's FUSE connection. After all of them: what lies in the temporary folder, and the descriptors of
// the process that asked for the mounts.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>
#include <sstream>

#include "base/mount_table.h"
#include "mount/lifecycle.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::size_t entries(const fs::path& folder) {
  std::error_code gone;
  const fs::directory_iterator all(folder, gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Processes whose command line has `word` in it.
std::vector<int> processes_with(const std::string& word) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (text_of(entry.path() / "cmdline").find(word) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

/// What one process holds.
struct Holdings {
  std::size_t descriptors = 0, threads = 0, memory_kib = 0;
};

Holdings holdings_of(int pid) {
  Holdings held;
  const fs::path process = fmt::format("/proc/{}", pid);
  held.descriptors = entries(process / "fd");
  held.threads = entries(process / "task");
  std::istringstream status(text_of(process / "status"));
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> held.memory_kib;
  }
  return held;
}

/// The kernel's list of FUSE connections; they are named after the mount's device. Empty without root.
class FuseConnections {
 public:
  FuseConnections() : shown_(::mount("none", folder_.path().c_str(), "fusectl", 0, nullptr) == 0) {}
  FuseConnections(const FuseConnections&) = delete;
  FuseConnections& operator=(const FuseConnections&) = delete;
  ~FuseConnections() {
    if (shown_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool shown() const { return shown_; }
  bool has(const std::string& device) const {
    return shown_ && fs::exists(folder_.path(device.substr(device.find(':') + 1)));
  }

 private:
  TempFolder folder_;
  bool shown_;
};

class RepeatedMounts : public Lifecycle {
 protected:
  /// Mounts, reads a file, looks at the daemon, unmounts, and sees that nothing of it is left. `expected`:
  /// the descriptors, which it has once the kernel's RELEASE of that file has come; 0: what it has then.
  Holdings one_life(const std::string& config, std::size_t expected) {
    const ProgramResult mounted = mount_in_background(config);
    EXPECT_EQ(mounted.status, 0) << mounted.text();
    EXPECT_EQ(read_file(mountpoint() / "pt/small").text, "small");
    const auto table = read_mount_table();
    const MountEntry* entry = find_mount(table, mountpoint().string());
    const std::vector<int> daemon = processes_with(mountpoint());
    if (entry == nullptr || daemon.size() != 1) {
      ADD_FAILURE() << daemon.size() << " processes";
      return {};
    }
    EXPECT_TRUE(!connections_.shown() || connections_.has(entry->device));
    const Holdings held = settled_holdings(daemon[0], expected);
    const ProgramResult unmounted = balancefs({"unmount", mountpoint()});
    EXPECT_EQ(unmounted.status, 0) << unmounted.text();
    expect_nothing_left(entry->device);
    return held;
  }
  static Holdings settled_holdings(int daemon, std::size_t expected) {
    if (expected == 0) run({"sleep", "0.5"});
    Holdings held = holdings_of(daemon);
    if (expected == 0) return held;
    eventually([&] { return (held = holdings_of(daemon)).descriptors <= expected; }, std::chrono::seconds(5));
    return held;
  }
  void expect_nothing_left(const std::string& device) {
    EXPECT_EQ(mounted_type(mountpoint()), "");
    // The kernel gives a free number to the next mount, which may be somebody else's.
    const auto taken_again = [&] {
      return std::ranges::count(read_mount_table(), device, &MountEntry::device) > 0;
    };
    const std::string mark = fmt::format("@balancefs/mount/{}\n", device);
    const auto has_mark = [&] { return text_of("/proc/net/unix").find(mark) != std::string::npos; };
    EXPECT_TRUE(eventually([&] { return !connections_.has(device) || taken_again(); }))
        << "a connection stays: " << device;
    EXPECT_TRUE(eventually([&] { return !has_mark() || taken_again(); })) << "a mark stays: " << device;
    // The mark goes with the last of the process, which may be a zombie for a moment.
    EXPECT_TRUE(eventually([&] { return processes_with(mountpoint()).empty(); })) << "a process stays";
  }

  FuseConnections connections_;
};

TEST_F(RepeatedMounts, TwoHundredLeaveNothingBehindAndHoldNoMoreThanTheFirst) {
  const std::string config = local_config();
  const TempFolder temporary;
  const ScopedVariable variable("TMPDIR", temporary.path().c_str());
  const Holdings first = one_life(config, 0);
  const std::size_t ours = entries("/proc/self/fd");
  std::size_t most_memory = 0;
  for (int i = 1; i < 200 && !HasFailure(); ++i) {
    const Holdings held = one_life(config, first.descriptors);
    EXPECT_EQ(held.descriptors, first.descriptors) << "turn " << i;
    EXPECT_EQ(held.threads, first.threads) << "turn " << i;
    most_memory = std::max(most_memory, held.memory_kib);
  }
  // One process differs from another by what the kernel maps where: a tenth covers it.
  EXPECT_LE(most_memory, first.memory_kib + first.memory_kib / 10);
  EXPECT_EQ(entries("/proc/self/fd"), ours);
  EXPECT_EQ(entries(temporary.path()), 0u);
  RecordProperty("descriptors", static_cast<int>(first.descriptors));
  RecordProperty("memory_kib_first", static_cast<int>(first.memory_kib));
  RecordProperty("memory_kib_most", static_cast<int>(most_memory));
}

}  // namespace
}  // namespace balancefs::test
