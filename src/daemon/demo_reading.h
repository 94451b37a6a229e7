// What the demo does to its own mount, as any program would: lists, reads, checks. Blocking calls, so these
// run on the demo's worker thread while the loop, which must answer them, goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "balancefs/clock.h"
#include "balancefs/result.h"
#include "daemon/demo_files.h"

namespace balancefs {

/// SHA-256 of what is added, as lower-case hexadecimal.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const char> bytes);
  /// Call once, last.
  std::string hex();

 private:
  struct Context;
  struct Free {
    void operator()(Context* context) const;
  };
  std::unique_ptr<Context, Free> context_;
};

struct DemoReading {
  std::uint64_t bytes = 0;
  std::string sha256;
  Duration longest_pause{};  ///< between two pieces of 128 KiB

  DemoReading() = default;
};

struct DemoEntry {
  std::string path;  ///< below the listed folder
  std::uint64_t size = 0;

  DemoEntry() = default;
};

/// Reads a file from begin to end; `progress` is called with the bytes read so far.
Result<DemoReading> read_whole_file(const std::string& path,
                                    const std::function<void(std::uint64_t)>& progress);
/// The checksum that a sample file must have.
std::string expected_sha256(const DemoFiles::Node& file);
/// All files below a folder, by name.
Result<std::vector<DemoEntry>> list_files(const std::string& folder);

}  // namespace balancefs
