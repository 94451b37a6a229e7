// The sample files of `balancefs demo`: a small library that exists only as numbers.
//
// Data files are pseudo-random bytes computed from their path, so any range costs no memory and no disk,
// every server that holds a DemoFiles serves the same bytes, and a byte from the wrong place cannot look
// right. Immutable once built; reading is safe on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

class DemoFiles {
 public:
  struct Node {
    ObjectType type = ObjectType::directory;
    std::uint64_t size = 0;
    std::uint64_t seed = 0;  ///< of a data file
    std::string text;        ///< of a text file; empty for data files
    FileTime modified{};

    Node() = default;
  };

  /// An empty root.
  DemoFiles();
  /// The library that the demo shows.
  static DemoFiles sample();

  /// Adds a file and the directories above it. Paths are as Path::str() has them, "films/a.mkv".
  void add_data(std::string_view path, std::uint64_t size);
  void add_text(std::string_view path, std::string text);

  /// Null when there is nothing at `path`; "" is the root.
  const Node* find(std::string_view path) const;
  /// How many files there are, folders not counted.
  std::size_t count() const;
  /// The names directly below a directory.
  std::vector<std::string> children(std::string_view path) const;
  /// Fills `out` with a file's bytes from `offset` on; offset + out.size() must not go beyond its end.
  static void read(const Node& file, std::uint64_t offset, std::span<char> out);

 private:
  Node& add_file(std::string_view path);

  std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace balancefs
