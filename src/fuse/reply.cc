#include "fuse/reply.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <cstring>

#include "base/log.h"

namespace balancefs {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(std::max(duration, Duration(0))).count();
}

}  // namespace

Reply::~Reply() {
  if (request_ == nullptr) return;
  const bool interrupted = (given_up_ && *given_up_) || fuse_req_interrupted(request_) != 0;
  if (!interrupted) log_debug("a request was given up and answered EIO");
  fuse_reply_err(take(), interrupted ? EINTR : EIO);
}

void Reply::error(int code) {
  fuse_reply_err(take(), code);
}

void Reply::entry(const EntryReply& entry) {
  const fuse_entry_param param = to_entry_param(entry);
  fuse_reply_entry(take(), &param);
}

void Reply::attributes(const AttributesReply& reply) {
  const struct stat attributes = to_stat(reply.attributes);
  fuse_reply_attr(take(), &attributes, seconds(reply.valid_for));
}

void Reply::opened_file(std::uint64_t handle) {
  fuse_file_info info;
  std::memset(&info, 0, sizeof info);
  info.fh = handle;
  info.keep_cache = 1;  // a version is an inode: what the kernel holds of the node stays true
  fuse_reply_open(take(), &info);
}

void Reply::opened_directory(std::uint64_t handle) {
  fuse_file_info info;
  std::memset(&info, 0, sizeof info);
  info.fh = handle;
  fuse_reply_open(take(), &info);
}

void Reply::buffer(const char* data, std::size_t size) {
  fuse_reply_buf(take(), data, size);
}

void Reply::pieces(const ReadReply& data) {
  reply_pieces(take(), data);
}

fuse_req_t Reply::hand_over() {
  fuse_req_interrupt_func(request_, nullptr, nullptr);
  return take();
}

void reply_pieces(fuse_req_t request, const ReadReply& data) {
  std::vector<iovec> parts;
  parts.reserve(data.pieces.size());
  for (const auto& piece : data.pieces) {
    iovec part;
    part.iov_base = const_cast<std::byte*>(piece.data());
    part.iov_len = piece.size();
    parts.push_back(part);
  }
  fuse_reply_iov(request, parts.data(), static_cast<int>(parts.size()));
}

void Reply::statfs(const struct statvfs& figures) {
  fuse_reply_statfs(take(), &figures);
}

void Reply::xattr_size(std::size_t size) {
  fuse_reply_xattr(take(), size);
}

void Reply::nothing() {
  fuse_reply_none(take());
}

struct stat to_stat(const Attributes& attributes) {
  struct stat out;
  std::memset(&out, 0, sizeof out);
  const bool directory = attributes.type == ObjectType::directory;
  out.st_ino = attributes.ino;
  out.st_mode = (directory ? S_IFDIR : S_IFREG) | attributes.permissions;
  out.st_nlink = attributes.links;
  out.st_uid = attributes.uid;
  out.st_gid = attributes.gid;
  out.st_size = static_cast<off_t>(attributes.size);
  out.st_blocks = static_cast<blkcnt_t>((attributes.size + 511) / 512);
  out.st_blksize = 128 * 1024;  // what one READ asks for
  const auto since_epoch = attributes.modified.time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  timespec time;
  time.tv_sec = whole.count();
  time.tv_nsec = std::chrono::nanoseconds(since_epoch - whole).count();
  out.st_mtim = out.st_ctim = out.st_atim = time;
  return out;
}

fuse_entry_param to_entry_param(const EntryReply& reply) {
  fuse_entry_param param;
  std::memset(&param, 0, sizeof param);
  param.ino = reply.node;
  param.attr = to_stat(reply.attributes);
  param.attr_timeout = param.entry_timeout = seconds(reply.valid_for);
  return param;
}

}  // namespace balancefs
