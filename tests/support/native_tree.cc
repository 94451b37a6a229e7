#include "support/native_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "support/program.h"
#include "support/ramp_bytes.h"
#include "support/servers.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

// Sizes around the borders of kernel reads (128 KiB), grid (32 KiB) and parts (1 MiB and more).
constexpr std::size_t kSizes[] = {0,      1,      4095,   4096,    32768,   32769,
                                  131071, 131072, 131073, 1048575, 1048576, 3 * 1048576 + 17};

std::string output_of(const std::string& script, const fs::path& root) {
  const ProgramResult result = run_script(script, root);
  if (result.status != 0)
    throw std::runtime_error(fmt::format("{} in {}: {}", script, root.string(), result.text()));
  return result.out;
}

std::string long_name() {
  std::string name;
  while (name.size() < 198) name += "\u00e4\u65e5";  // 2 and 3 bytes in UTF-8
  return name + "z.txt";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

const std::vector<std::string>& odd_names() {
  static const std::vector<std::string> names = {
      "with space.txt",
      "two  spaces",
      "hash#tag.txt",
      "100%.txt",
      "%41 not A.txt",
      "a+b.txt",
      "single'quote.txt",
      "double\"quote.txt",
      "question?mark.txt",
      "semi;colon&and.txt",
      "angle<bracket>.txt",
      "back\\slash.txt",
      "colon:inside.txt",
      "brackets[1]{2}(3).txt",
      "at@sign~tilde!.txt",
      "comma,equals=.txt",
      "caf\u00e9.txt",   // composed
      "cafe\u0301.txt",  // decomposed: another file
      "\u65e5\u672c\u8a9e.txt",
      "\U0001F600 smile.txt",
      "-starts with dash",
      "ends with dot.",
      long_name(),
  };
  return names;
}

void make_native_tree(const fs::path& root, const NativeTreeOptions& options) {
  std::uint32_t seed = 0;
  for (const std::string& name : odd_names()) {
    write_file(root / "odd" / name, ramp_bytes(0, 100 + seed, seed));
    write_file(root / "odd directories" / name / "inside.txt", ramp_bytes(0, 50, seed));
    ++seed;
  }
  for (const std::size_t size : kSizes) {
    write_file(root / "sizes" / fmt::format("{}.bin", size), ramp_bytes(0, size, ++seed));
  }
  fs::path deep = root / "deep";
  for (int level = 0; level < 30; ++level) deep /= fmt::format("level {}", level);
  write_file(deep / "bottom.txt", "bottom");
  fs::create_directories(root / "empty directory");
  for (int i = 0; i < options.many; ++i)
    write_file(root / "many" / fmt::format("file {:05}", i), std::to_string(i));
  if (options.dot_files) write_file(root / "odd" / ".hidden", "hidden");
}

std::string numbered(int i) {
  return fmt::format("f{:03}", i);
}

void make_files(const fs::path& directory, int count, std::size_t size) {
  for (int i = 0; i < count; ++i) {
    write_file(directory / numbered(i), ramp_bytes(0, size, static_cast<std::uint32_t>(i)));
  }
}

std::string tree_listing(const fs::path& root) {
  std::vector<std::string> lines = lines_of(
      output_of("find . -mindepth 1 \\( -type d -printf '%P %y\\n' \\) -o -printf '%P %s %y\\n'", root));
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string tree_checksums(const fs::path& root) {
  return output_of("find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum", root);
}

std::string difference(const std::string& expected, const std::string& shown) {
  const std::vector<std::string> before = lines_of(expected), after = lines_of(shown);
  std::string out;
  for (const std::string& line : before) {
    if (std::ranges::find(after, line) == after.end()) out += "- " + line + "\n";
  }
  for (const std::string& line : after) {
    if (std::ranges::find(before, line) == before.end()) out += "+ " + line + "\n";
  }
  return out.empty() && expected != shown ? "the same lines in another order" : out;
}

}  // namespace balancefs::test
