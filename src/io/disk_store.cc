#include "io/disk_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace balancefs {
namespace {

std::unexpected<Error> refuse(std::string_view what) {
  return std::unexpected<Error>(disk_error(errno, what));
}

std::unexpected<Error> broken(std::string_view what) {
  return std::unexpected<Error>(Error(ErrorKind::corrupted, std::string(what)));
}

/// A regular file of the folder, and nothing else that took its name.
Result<DiskFd> open_entry_file(const DiskFolder& folder, const std::string& name, int flags) {
  DiskFd file(::openat(folder.fd(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file.valid()) return refuse("open");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return refuse("stat");
  if (!S_ISREG(info.st_mode)) return broken("not a file");
  return file;
}

Result<struct stat> stat_of(const DiskFd& file) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return refuse("stat");
  return info;
}

/// The files of an entry, open.
struct Files {
  DiskFd data;
  DiskFd index;
};

Result<Files> open_files(const DiskFolder& folder, const DiskName& name, int flags) {
  Files files;
  auto data = open_entry_file(folder, name.data_file(), flags);
  if (!data) return std::unexpected<Error>(data.error());
  auto index = open_entry_file(folder, name.index_file(), flags);
  if (!index) return std::unexpected<Error>(index.error());
  files.data = std::move(*data);
  files.index = std::move(*index);
  return files;
}

Result<std::uint64_t> disk_bytes(const Files& files) {
  const auto data = stat_of(files.data);
  if (!data) return std::unexpected<Error>(data.error());
  const auto index = stat_of(files.index);
  if (!index) return std::unexpected<Error>(index.error());
  return static_cast<std::uint64_t>(data->st_blocks + index->st_blocks) * 512;
}

/// As far as the file goes.
Result<std::uint64_t> read_at(int fd, std::span<std::byte> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse("read");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse("write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

// ---- load -----------------------------------------------------------------------------------------------

Result<DiskHeader> load_header(const DiskFd& index, const DiskName& name, std::uint64_t& room) {
  std::vector<std::byte> bytes(kDiskPage);
  const auto first = read_at(index.get(), bytes, 0);
  if (!first) return std::unexpected<Error>(first.error());
  bytes.resize(*first);
  const auto known = room_of(bytes);
  if (!known) return broken("no header");
  room = *known;
  bytes.resize(room);
  const auto whole = read_at(index.get(), bytes, 0);
  if (!whole) return std::unexpected<Error>(whole.error());
  bytes.resize(*whole);
  auto header = decode_header(bytes, name);
  if (!header) return broken("a damaged header");
  return std::move(*header);
}

/// The first byte that is no hole from `offset` on; `end` when there is none.
std::uint64_t next_data(const DiskFd& file, std::uint64_t offset, std::uint64_t end) {
  const off_t found = ::lseek(file.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (found < 0) return errno == ENXIO ? end : offset;
  return std::min(end, static_cast<std::uint64_t>(found));
}

Result<void> load_segments(const DiskFd& index, LoadedEntry& entry) {
  const std::uint64_t count = segment_count(entry.header.size);
  const std::uint64_t end = index_bytes(entry.header_room, entry.header.size);
  for (std::uint64_t segment = 0; segment < count; ++segment) {
    const std::uint64_t data = next_data(index, sums_offset(entry.header_room, segment), end);
    if (data >= end) break;
    segment = std::max(segment, (data - entry.header_room) / sizeof(UnitSums));
    UnitSums sums{};
    const auto got = read_at(index.get(), std::as_writable_bytes(std::span(sums)),
                             sums_offset(entry.header_room, segment));
    if (!got) return std::unexpected<Error>(got.error());
    const bool any = std::ranges::any_of(sums, [](std::uint64_t sum) { return sum != 0; });
    if (any) entry.segments.emplace_back(segment, sums);
  }
  return {};
}

// ---- read -----------------------------------------------------------------------------------------------

/// Whether the system holds all of the range in its page cache.
bool in_page_cache(const DiskFd& file, ByteRange range) {
  void* mapped =
      ::mmap(nullptr, range.length, PROT_READ, MAP_SHARED, file.get(), static_cast<off_t>(range.offset));
  if (mapped == MAP_FAILED) return true;
  std::vector<unsigned char> pages((range.length + kDiskPage - 1) / kDiskPage);
  const bool known = ::mincore(mapped, range.length, pages.data()) == 0;
  ::munmap(mapped, range.length);
  return !known || std::ranges::all_of(pages, [](unsigned char page) { return (page & 1) != 0; });
}

/// Past the page cache, in whole pages; nothing where the file system or the buffer does not allow it.
std::optional<std::uint64_t> read_direct(const DiskFolder& folder, const DiskName& name, ByteRange range,
                                         std::span<std::byte> buffer) {
  const std::uint64_t count = round_up(range.length, kDiskPage);
  if (reinterpret_cast<std::uintptr_t>(buffer.data()) % kDiskPage != 0 || count > buffer.size())
    return std::nullopt;
  const auto file = open_entry_file(folder, name.data_file(), O_RDONLY | O_DIRECT);
  if (!file) return std::nullopt;
  const auto got = read_at(file->get(), buffer.first(count), range.offset);
  if (!got) return std::nullopt;
  return std::min(*got, range.length);
}

Result<std::uint64_t> read_range(const DiskFolder& folder, const DiskName& name, ByteRange range,
                                 std::span<std::byte> buffer) {
  const auto file = open_entry_file(folder, name.data_file(), O_RDONLY);
  if (!file) return std::unexpected<Error>(file.error());
  if (!in_page_cache(*file, range)) {
    if (const auto got = read_direct(folder, name, range, buffer)) return *got;
    // Without it the kernel reads a cold file in steps of its read-ahead, each waited for.
    static_cast<void>(::posix_fadvise(file->get(), static_cast<off_t>(range.offset),
                                      static_cast<off_t>(range.length), POSIX_FADV_WILLNEED));
  }
  return read_at(file->get(), buffer.first(range.length), range.offset);
}

// ---- write ----------------------------------------------------------------------------------------------

Result<Files> create_files(const DiskFolder& folder, const EntryWrite& what) {
  auto files = open_files(folder, what.name, O_RDWR | O_CREAT | O_EXCL);
  if (!files) return files;
  const auto data = static_cast<off_t>(what.size);
  const auto index = static_cast<off_t>(index_bytes(what.header_room, what.size));
  if (::ftruncate(files->data.get(), data) != 0 || ::ftruncate(files->index.get(), index) != 0)
    return refuse("make");
  return files;
}

Result<void> check_lengths(const Files& files, std::uint64_t size, std::uint64_t header_room) {
  const auto data = stat_of(files.data);
  if (!data) return std::unexpected<Error>(data.error());
  const auto index = stat_of(files.index);
  if (!index) return std::unexpected<Error>(index.error());
  const bool whole = static_cast<std::uint64_t>(data->st_size) == size &&
                     static_cast<std::uint64_t>(index->st_size) == index_bytes(header_room, size);
  return whole ? Result<void>() : broken("cut short");
}

Result<void> write_run(const Files& files, const EntryWrite& what, const UnitRun& run,
                       std::vector<std::uint64_t>& sums) {
  const std::size_t first = sums.size();
  for (std::uint64_t at = 0; at < run.bytes.size(); at += kUnitBytes) {
    const auto unit = run.bytes.subspan(at, std::min<std::uint64_t>(kUnitBytes, run.bytes.size() - at));
    sums.push_back(unit_sum(what.name, (run.offset + at) / kUnitBytes, unit));
  }
  const auto data = write_at(files.data.get(), run.bytes, run.offset);
  if (!data) return data;
  const std::uint64_t slot = what.header_room + run.offset / kUnitBytes * sizeof(std::uint64_t);
  return write_at(files.index.get(), std::as_bytes(std::span(sums).subspan(first)), slot);
}

Result<void> write_all(const Files& files, const EntryWrite& what, Written& written) {
  if (!what.header.empty()) {
    const auto header = write_at(files.index.get(), std::as_bytes(std::span(what.header)), 0);
    if (!header) return header;
  }
  for (const UnitRun& run : what.runs) {
    const auto done = write_run(files, what, run, written.sums);
    if (!done) return done;
  }
  return {};
}

/// A write that failed: what it may have left in the data file holds no block, but room.
void give_back(const Files& files, const EntryWrite& what) {
  for (const UnitRun& run : what.runs) {
    const std::uint64_t end = round_up(run.offset + run.bytes.size(), kDiskPage);
    const std::uint64_t slot = what.header_room + run.offset / kUnitBytes * sizeof(std::uint64_t);
    const std::vector<std::uint64_t> none((run.bytes.size() + kUnitBytes - 1) / kUnitBytes, 0);
    static_cast<void>(write_at(files.index.get(), std::as_bytes(std::span(none)), slot));
    static_cast<void>(::fallocate(files.data.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                  static_cast<off_t>(run.offset), static_cast<off_t>(end - run.offset)));
  }
}

}  // namespace

Result<LoadedEntry> load_entry(const DiskFolder& folder, const DiskName& name) {
  const auto files = open_files(folder, name, O_RDONLY);
  if (!files) return std::unexpected<Error>(files.error());
  LoadedEntry entry;
  auto header = load_header(files->index, name, entry.header_room);
  if (!header) return std::unexpected<Error>(header.error());
  entry.header = std::move(*header);
  if (auto whole = check_lengths(*files, entry.header.size, entry.header_room); !whole)
    return std::unexpected<Error>(whole.error());
  if (auto sums = load_segments(files->index, entry); !sums) return std::unexpected<Error>(sums.error());
  const auto bytes = disk_bytes(*files);
  if (!bytes) return std::unexpected<Error>(bytes.error());
  entry.bytes = *bytes;
  return entry;
}

Result<std::uint64_t> read_units(const DiskFolder& folder, const DiskName& name, ByteRange units,
                                 std::span<std::byte> buffer, std::span<const std::uint64_t> sums) {
  const auto got = read_range(folder, name, units, buffer);
  if (!got) return std::unexpected<Error>(got.error());
  std::uint64_t good = 0;
  for (const std::uint64_t sum : sums) {
    const auto unit = buffer.subspan(good, std::min<std::uint64_t>(kUnitBytes, units.length - good));
    if (good + unit.size() > *got || unit_sum(name, (units.offset + good) / kUnitBytes, unit) != sum) break;
    good += unit.size();
  }
  return good;
}

Result<Written> write_units(const DiskFolder& folder, const EntryWrite& what) {
  auto files = what.create ? create_files(folder, what) : open_files(folder, what.name, O_RDWR);
  Result<void> done;
  Written written;
  if (files) {
    done = write_all(*files, what, written);
    if (!done) give_back(*files, what);
  } else {
    done = std::unexpected<Error>(files.error());
  }
  if (!done) {
    if (what.create) static_cast<void>(remove_entry(folder, what.name));
    return std::unexpected<Error>(done.error());
  }
  const auto bytes = disk_bytes(*files);
  if (!bytes) return std::unexpected<Error>(bytes.error());
  const auto room = disk_room(folder);
  if (!room) return std::unexpected<Error>(room.error());
  written.bytes = *bytes;
  written.room = *room;
  return written;
}

Result<Freed> drop_segment(const DiskFolder& folder, const DiskName& name, std::uint64_t header_room,
                           std::uint64_t segment) {
  const auto files = open_files(folder, name, O_RDWR);
  if (!files) return std::unexpected<Error>(files.error());
  const UnitSums none{};
  const auto sums =
      write_at(files->index.get(), std::as_bytes(std::span(none)), sums_offset(header_room, segment));
  if (!sums) return std::unexpected<Error>(sums.error());
  if (::fallocate(files->data.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(segment * kSegmentBytes), kSegmentBytes) != 0) {
    return refuse("punch");
  }
  Freed freed;
  const auto bytes = disk_bytes(*files);
  if (!bytes) return std::unexpected<Error>(bytes.error());
  const auto room = disk_room(folder);
  if (!room) return std::unexpected<Error>(room.error());
  freed.bytes = *bytes;
  freed.room = *room;
  return freed;
}

Result<DiskRoom> remove_entry(const DiskFolder& folder, const DiskName& name) {
  // The index first: data without an index is nothing.
  for (const std::string& file : {name.index_file(), name.data_file()}) {
    if (::unlinkat(folder.fd(), file.c_str(), 0) != 0 && errno != ENOENT) return refuse("remove");
  }
  return disk_room(folder);
}

void touch_entry(const DiskFolder& folder, const DiskName& name) {
  static_cast<void>(::utimensat(folder.fd(), name.index_file().c_str(), nullptr, AT_SYMLINK_NOFOLLOW));
}

}  // namespace balancefs
