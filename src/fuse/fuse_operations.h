// The kernel's requests, decoded: each makes a Reply, starts one flow of Filesystem, and answers.
//
// Everything that writes is answered EROFS here. Loop thread: libfuse calls the static functions from
// fuse_session_process_buf, which FuseSession calls on the loop.
#pragma once

#include <fuse_lowlevel.h>

#include "fs/filesystem.h"
#include "fuse/interrupts.h"
#include "fuse/notifier.h"
#include "fuse/pending_reads.h"
#include "fuse/read_sender.h"
#include "fuse/reply.h"

namespace balancefs {

class FuseOperations {
 public:
  FuseOperations(Filesystem& filesystem, Clock& clock, Executor executor, std::function<void()> on_init);

  /// The table for fuse_session_new; its userdata is a FuseOperations*.
  static const fuse_lowlevel_ops& table();
  /// Known once the session exists, before the first request.
  void set_notifier(Notifier& notifier) { notifier_ = &notifier; }
  void set_sender(ReadSender& sender) { sender_ = &sender; }
  /// Gives up every request under way: all are answered. Those that come after are answered EIO.
  Task<void> close() {
    closed_ = true;
    return scope_.close();
  }
  std::size_t running() const { return scope_.running(); }

 private:
  using Watch = std::shared_ptr<InterruptWatch>;
  static FuseOperations& of(fuse_req_t request);
  Watch watch(fuse_req_t request) const;
  /// Spawns a request's flow, and lets interrupts reach it.
  FlowHandle start(const Watch& watch, Task<void> flow);

  static void init(void* self, fuse_conn_info* connection);
  static void lookup(fuse_req_t request, fuse_ino_t parent, const char* name);
  static void forget(fuse_req_t request, fuse_ino_t node, std::uint64_t count);
  static void forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets);
  static void getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void open(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void read(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info* file);
  static void flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void release(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                      fuse_file_info* file);
  static void readdirplus(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                          fuse_file_info* file);
  static void releasedir(fuse_req_t request, fuse_ino_t node, fuse_file_info* file);
  static void statfs(fuse_req_t request, fuse_ino_t node);
  static void getxattr(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size);
  static void listxattr(fuse_req_t request, fuse_ino_t node, std::size_t size);

  Task<void> answer_lookup(Reply reply, Watch watch, Notifier::Busy busy, std::uint64_t parent,
                           std::string name);
  Task<void> answer_getattr(Reply reply, Watch watch, std::uint64_t node);
  Task<void> answer_open(Reply reply, Watch watch, std::uint64_t node);
  Task<void> answer_read(Reply reply, Watch watch, std::shared_ptr<PendingReads::Entry> pending,
                         std::uint64_t handle, std::uint64_t offset, std::size_t size);
  Task<void> answer_readdir(Reply reply, Watch watch, Notifier::Busy busy, std::uint64_t handle,
                            std::uint64_t offset, std::size_t size, bool plus);
  Task<void> answer_getxattr(Reply reply, Watch watch, std::uint64_t node, std::string name,
                             std::size_t size);
  void start_readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                     std::uint64_t handle, bool plus);
  std::string pack_items(fuse_req_t request, std::uint64_t handle, std::uint64_t offset, std::size_t size,
                         bool plus);

  Filesystem& filesystem_;
  Clock& clock_;
  std::function<void()> on_init_;
  Notifier* notifier_ = nullptr;
  ReadSender* sender_ = nullptr;
  PendingReads pending_reads_;
  bool closed_ = false;
  TaskScope scope_;
};

}  // namespace balancefs
