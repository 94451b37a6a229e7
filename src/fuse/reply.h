// The answer to one kernel request, given exactly once.
//
// Destroyed unanswered (its flow was cancelled) it says EINTR when the request was interrupted or given up by
// a FLUSH, else EIO with a line in the log: no request is ever left without an answer, or the program behind
// it would hang. Loop thread.
#pragma once

#include <fuse_lowlevel.h>

#include <memory>
#include <utility>

#include "fs/filesystem.h"

namespace balancefs {

class Reply {
 public:
  /// `given_up`: beside an interrupt, what makes the unanswered request's answer EINTR; may be null.
  explicit Reply(fuse_req_t request, std::shared_ptr<const bool> given_up = nullptr)
      : request_(request), given_up_(std::move(given_up)) {}
  Reply(Reply&& other) noexcept
      : request_(std::exchange(other.request_, nullptr)), given_up_(std::move(other.given_up_)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  void error(int code);
  void entry(const EntryReply& entry);
  void attributes(const AttributesReply& attributes);
  void opened_file(std::uint64_t handle);
  void opened_directory(std::uint64_t handle);
  void buffer(const char* data, std::size_t size);
  void pieces(const ReadReply& data);
  /// Who answers instead. Its interrupt reaches nobody any more.
  fuse_req_t hand_over();
  void statfs(const struct statvfs& figures);
  void xattr_size(std::size_t size);
  void nothing();  ///< forget: no answer exists

  fuse_req_t request() const { return request_; }

 private:
  fuse_req_t take() { return std::exchange(request_, nullptr); }

  fuse_req_t request_;
  std::shared_ptr<const bool> given_up_;
};

/// Answers a READ. Any thread.
void reply_pieces(fuse_req_t request, const ReadReply& data);

/// An Attributes as libfuse wants it.
struct stat to_stat(const Attributes& attributes);
/// `reply` as libfuse wants it.
fuse_entry_param to_entry_param(const EntryReply& reply);

}  // namespace balancefs
