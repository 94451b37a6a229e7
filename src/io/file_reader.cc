#include "io/file_reader.h"

#include "io/read_handle.h"

namespace balancefs {

std::size_t ReadReply::size() const {
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece.size();
  return bytes;
}

FileReader::FileReader(std::shared_ptr<ReadHandle> handle) : handle_(std::move(handle)) {}

FileReader::~FileReader() {
  handle_->release();
}

Task<Result<ReadReply>> FileReader::read(std::uint64_t offset, std::size_t size) {
  return ReadHandle::read(handle_, offset, size);
}

void FileReader::release() {
  handle_->release();
}

}  // namespace balancefs
