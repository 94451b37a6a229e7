// A directory tree with everything that breaks a naive client: odd names, empty files, depth, many entries.
// It is what the servers of the mount tests serve, and what the mount is compared with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace balancefs::test {

struct NativeTreeOptions {
  int many = 2000;        ///< files in the directory `many`
  bool dot_files = true;  ///< nginx and index pages do not list them

  NativeTreeOptions() = default;
};

/// Names that need percent-encoding, XML escapes, quoting or nothing at all.
const std::vector<std::string>& odd_names();
/// Fills `root`.
void make_native_tree(const std::filesystem::path& root, const NativeTreeOptions& options);
/// `count` files of `size` bytes below `directory`: f000, f001, ... each with its own content (ramp_bytes).
void make_files(const std::filesystem::path& directory, int count, std::size_t size);
/// "f007": the name of the i-th of them.
std::string numbered(int i);

/// One line per path below `root`, sorted: path, type, and the size of files. Directories have no size to
/// compare.
std::string tree_listing(const std::filesystem::path& root);
/// One line per file below `root`, sorted by path: sha256 and path.
std::string tree_checksums(const std::filesystem::path& root);
/// The lines that only one of two sorted texts has, with '-' and '+' before them; empty when they are equal.
std::string difference(const std::string& expected, const std::string& shown);

}  // namespace balancefs::test
