// The file calls of the local driver: list, stat, open, read. Blocking, for a worker thread; no shared state.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/local/beneath.h"

namespace balancefs {

/// Data of an open file and the state it was read from.
struct LocalPiece {
  std::vector<std::byte> bytes;  ///< shorter than asked only at the end of the file
  std::uint64_t size = 0;        ///< of the file, after the bytes were read
  Validator validator;  ///< taken after the bytes were read: a change before or meanwhile shows in it
};

using LocalEntries = std::vector<std::pair<std::string, ObjectInfo>>;

/// `not_found` for anything but a directory. Entries that cannot be looked at (vanished, symlinks that lead
/// nowhere or out of the root, special files) are left out.
Result<LocalEntries> list_directory(const std::string& root, const Path& directory, bool etags);
/// `not_found` for special files.
Result<ObjectInfo> stat_object(const std::string& root, const Path& path, bool etags);
/// A regular file, for reading.
Result<FileDescriptor> open_file(const std::string& root, const Path& path);
Result<LocalPiece> read_piece(const FileDescriptor& file, const Path& path, std::uint64_t offset,
                              std::size_t count, bool etags);

}  // namespace balancefs
