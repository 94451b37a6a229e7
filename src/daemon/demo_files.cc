#include "daemon/demo_files.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "balancefs/result.h"
#include "base/random.h"

namespace balancefs {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// 2024-05-01 08:00:00 UTC: any time will do, as long as every run and every server says the same.
constexpr FileTime kModified = FileTime(std::chrono::seconds(1'714'550'400));

constexpr std::string_view kReadme =
    "This folder is a balanced mount: three storages hold these files, and balancefs shows them as one "
    "folder.\n"
    "\n"
    "Every file that you open is read from one of the three, in turn. When a storage dies while a file is "
    "being\n"
    "read, the read goes on from another one, and no program notices more than a pause.\n"
    "\n"
    "The storages of the demo run inside the demo itself. A real one is a line in a configuration file:\n"
    "see mount.conf.example, and docs/CONFIGURATION.md.\n";

std::uint64_t seed_of(std::string_view path) {
  std::uint64_t seed = 0;
  for (const char letter : path) seed = Random(seed ^ static_cast<unsigned char>(letter)).next();
  return seed;
}

// Bytes 8i to 8i+7 of a data file.
std::uint64_t word_at(std::uint64_t seed, std::uint64_t index) {
  static_assert(std::endian::native == std::endian::little, "the bytes of a word are written as they lie");
  return Random(seed + index * 0x9e3779b97f4a7c15ULL).next();
}

void read_data(std::uint64_t seed, std::uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    const std::uint64_t word = word_at(seed, offset / 8);
    const std::size_t skip = offset % 8;
    const std::size_t count = std::min<std::size_t>(8 - skip, out.size());
    std::memcpy(out.data(), reinterpret_cast<const char*>(&word) + skip, count);
    offset += count;
    out = out.subspan(count);
  }
}

}  // namespace

DemoFiles::DemoFiles() {
  nodes_[""].modified = kModified;
}

DemoFiles DemoFiles::sample() {
  DemoFiles files;
  files.add_text("README.txt", std::string(kReadme));
  files.add_data("films/Night Train (1959).mkv", 96 * kMiB);
  files.add_data("films/The Long Ascent (2003).mkv", 48 * kMiB);
  files.add_data("films/Tides.mp4", 12 * kMiB);
  files.add_data("music/Quartet No. 3/01 Allegro.flac", 3 * kMiB);
  files.add_data("music/Quartet No. 3/02 Adagio.flac", 4 * kMiB);
  files.add_data("music/Quartet No. 3/03 Finale.flac", 3 * kMiB + 4711);
  files.add_data("photos/2024/Träumerei am See #1.jpg", 2 * kMiB + 13);
  files.add_text("docs/notes.txt", "Names with spaces, umlauts and # work as they do in any folder.\n");
  return files;
}

DemoFiles::Node& DemoFiles::add_file(std::string_view path) {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    nodes_[std::string(path.substr(0, slash))].modified = kModified;
  }
  Node& file = nodes_[std::string(path)];
  file.type = ObjectType::file;
  file.modified = kModified;
  return file;
}

void DemoFiles::add_data(std::string_view path, std::uint64_t size) {
  Node& file = add_file(path);
  file.size = size;
  file.seed = seed_of(path);
}

void DemoFiles::add_text(std::string_view path, std::string text) {
  Node& file = add_file(path);
  file.size = text.size();
  file.text = std::move(text);
}

const DemoFiles::Node* DemoFiles::find(std::string_view path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::size_t DemoFiles::count() const {
  std::size_t files = 0;
  for (const auto& [path, node] : nodes_) files += node.type == ObjectType::file ? 1 : 0;
  return files;
}

std::vector<std::string> DemoFiles::children(std::string_view path) const {
  const std::string prefix = path.empty() ? "" : std::string(path) + "/";
  std::vector<std::string> names;
  for (auto node = nodes_.upper_bound(prefix); node != nodes_.end(); ++node) {
    const std::string_view name = node->first;
    if (!name.starts_with(prefix)) break;
    if (name.find('/', prefix.size()) == name.npos) names.emplace_back(name.substr(prefix.size()));
  }
  return names;
}

void DemoFiles::read(const Node& file, std::uint64_t offset, std::span<char> out) {
  BALANCEFS_CHECK(offset <= file.size && out.size() <= file.size - offset);
  if (file.text.empty()) return read_data(file.seed, offset, out);
  std::memcpy(out.data(), file.text.data() + offset, out.size());
}

}  // namespace balancefs
