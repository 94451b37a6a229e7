// One open file as src/fs sees it: reads in, bytes out.
//
// A read's answer is of full length, shorter only at the end of the file, or an error; never less, because a
// short answer truncates files silently. Bytes are not copied: an answer points into held blocks and keeps
// them. Loop thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "balancefs/task.h"

namespace balancefs {

class ReadHandle;

/// What a READ answers with. Let go of it as soon as the kernel has the bytes: until then their memory is
/// counted and cannot be used for anything else.
struct ReadReply {
  std::vector<std::span<const std::byte>> pieces;  ///< in order
  std::vector<std::shared_ptr<const void>> keep;   ///< what the pieces point into

  ReadReply() = default;
  std::size_t size() const;
};

/// One handle. Must be gone before its ReadEngine is.
class FileReader {
 public:
  explicit FileReader(std::shared_ptr<ReadHandle> handle);
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader();

  /// Bytes [offset, offset + size), cut at the end of the file. `changed` when the version has ended and the
  /// bytes are not held; `timed_out` when no memory came free; else what the storage said. When cancelled, a
  /// transfer goes on only if somebody else wants it. Any number may run at once; they may outlive this
  /// object.
  Task<Result<ReadReply>> read(std::uint64_t offset, std::size_t size);
  /// Gives up what was fetched ahead; transfers that nobody waits for end. No read may begin afterwards.
  void release();

 private:
  std::shared_ptr<ReadHandle> handle_;
};

}  // namespace balancefs
