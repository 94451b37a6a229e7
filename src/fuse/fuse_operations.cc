#include "fuse/fuse_operations.h"

#include <sys/statvfs.h>

#include <cstring>

namespace balancefs {
namespace {

// Without it 12: then 14 stalled readers delay everybody (measured).
constexpr unsigned kMaxBackground = 1000;

// An answer from this size on is copied on the sender's thread; waking it costs as much as copying some 16
// KiB.
constexpr std::size_t kSentApart = 64ul * 1024;

// One PiB, all of it free: nobody asks the network for statfs, and desktops warn of full file systems.
constexpr std::uint64_t kStatfsBlock = 4096;
constexpr std::uint64_t kStatfsBlocks = (std::uint64_t{1} << 50) / kStatfsBlock;

}  // namespace

FuseOperations::FuseOperations(Filesystem& filesystem, Clock& clock, Executor executor,
                               std::function<void()> on_init)
    : filesystem_(filesystem), clock_(clock), on_init_(std::move(on_init)), scope_(std::move(executor)) {}

FuseOperations& FuseOperations::of(fuse_req_t request) {
  return *static_cast<FuseOperations*>(fuse_req_userdata(request));
}

FuseOperations::Watch FuseOperations::watch(fuse_req_t request) const {
  return std::make_shared<InterruptWatch>(request, clock_, InterruptWatch::Patience::two_seconds);
}

FlowHandle FuseOperations::start(const Watch& watch, Task<void> flow) {
  FlowHandle handle = scope_.spawn(std::move(flow));
  // A flow that was refused has answered: its request is gone.
  if (!closed_) watch->arm(handle);
  return handle;
}

void FuseOperations::init(void* self, fuse_conn_info* connection) {
  connection->max_background = kMaxBackground;
  connection->congestion_threshold = kMaxBackground;
  const auto want = [&](unsigned capability) { connection->want |= connection->capable & capability; };
  want(FUSE_CAP_ASYNC_READ);
  want(FUSE_CAP_PARALLEL_DIROPS);
  want(FUSE_CAP_READDIRPLUS);
  // AUTO would leave out attributes after the first page: a cold find of 20,000 files paid 19,796 LOOKUPs.
  // AUTO_INVAL_DATA would drop pages on a changed time, which no node of ours ever shows. Requests are small,
  // so splicing them in costs more than it saves.
  connection->want &= ~unsigned{FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_SPLICE_READ |
                                FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE};
  static_cast<FuseOperations*>(self)->on_init_();
}

void FuseOperations::lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  FuseOperations& self = of(request);
  const Watch watch = self.watch(request);
  Notifier::Busy busy(*self.notifier_, parent);
  self.start(watch, self.answer_lookup(Reply(request), watch, std::move(busy), parent, name));
}

Task<void> FuseOperations::answer_lookup(Reply reply, Watch, Notifier::Busy, std::uint64_t parent,
                                         std::string name) {
  const FsResult<EntryReply> entry = co_await filesystem_.lookup(parent, std::move(name));
  if (!entry) {
    reply.error(entry.error().code);
  } else if (entry->node == 0 && entry->valid_for <= Duration(0)) {
    reply.error(ENOENT);
  } else {
    reply.entry(*entry);
  }
}

void FuseOperations::forget(fuse_req_t request, fuse_ino_t node, std::uint64_t count) {
  of(request).filesystem_.forget(node, count);
  Reply(request).nothing();
}

void FuseOperations::forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  for (std::size_t i = 0; i < count; ++i) of(request).filesystem_.forget(forgets[i].ino, forgets[i].nlookup);
  Reply(request).nothing();
}

void FuseOperations::getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  FuseOperations& self = of(request);
  const Watch watch = self.watch(request);
  self.start(watch, self.answer_getattr(Reply(request), watch, node));
}

Task<void> FuseOperations::answer_getattr(Reply reply, Watch, std::uint64_t node) {
  const FsResult<AttributesReply> attributes = co_await filesystem_.getattr(node);
  if (attributes) {
    reply.attributes(*attributes);
  } else {
    reply.error(attributes.error().code);
  }
}

void FuseOperations::open(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  FuseOperations& self = of(request);
  if ((file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0)
    return Reply(request).error(EROFS);
  const Watch watch = self.watch(request);
  self.start(watch, self.answer_open(Reply(request), watch, node));
}

Task<void> FuseOperations::answer_open(Reply reply, Watch, std::uint64_t node) {
  const FsResult<std::uint64_t> handle = co_await filesystem_.open(node);
  if (handle) {
    reply.opened_file(*handle);
  } else {
    reply.error(handle.error().code);
  }
}

void FuseOperations::read(fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
                          fuse_file_info* file) {
  FuseOperations& self = of(request);
  const auto watch =
      std::make_shared<InterruptWatch>(request, self.clock_, InterruptWatch::Patience::until_killed);
  const auto from = static_cast<std::uint64_t>(offset);
  const auto pending =
      std::make_shared<PendingReads::Entry>(self.pending_reads_, file->fh, from, fuse_req_ctx(request)->pid);
  Reply reply(request, pending->given_up());
  pending->set_flow(
      self.start(watch, self.answer_read(std::move(reply), watch, pending, file->fh, from, size)));
}

Task<void> FuseOperations::answer_read(Reply reply, Watch, std::shared_ptr<PendingReads::Entry>,
                                       std::uint64_t handle, std::uint64_t offset, std::size_t size) {
  FsResult<ReadReply> data = co_await filesystem_.read(handle, offset, size);
  if (!data) {
    reply.error(data.error().code);
  } else if (data->size() < kSentApart) {
    reply.pieces(*data);
  } else {
    sender_->send(reply.hand_over(), std::move(*data));
  }
}

void FuseOperations::flush(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  of(request).pending_reads_.flush(file->fh, fuse_req_ctx(request)->pid);
  Reply(request).error(0);
}

void FuseOperations::release(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  FuseOperations& self = of(request);
  self.pending_reads_.release(file->fh);
  self.filesystem_.release(file->fh);
  Reply(request).error(0);
}

void FuseOperations::opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  const FsResult<std::uint64_t> handle = of(request).filesystem_.opendir(node);
  if (handle) {
    Reply(request).opened_directory(*handle);
  } else {
    Reply(request).error(handle.error().code);
  }
}

void FuseOperations::start_readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                                   std::uint64_t handle, bool plus) {
  const Watch watching = watch(request);
  Notifier::Busy busy(*notifier_, node);
  start(watching, answer_readdir(Reply(request), watching, std::move(busy), handle,
                                 static_cast<std::uint64_t>(offset), size, plus));
}

void FuseOperations::readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                             fuse_file_info* file) {
  of(request).start_readdir(request, node, size, offset, file->fh, false);
}

void FuseOperations::readdirplus(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                                 fuse_file_info* file) {
  of(request).start_readdir(request, node, size, offset, file->fh, true);
}

Task<void> FuseOperations::answer_readdir(Reply reply, Watch, Notifier::Busy, std::uint64_t handle,
                                          std::uint64_t offset, std::size_t size, bool plus) {
  const FsResult<void> ready = co_await filesystem_.prepare_directory(handle, offset);
  if (!ready) {
    reply.error(ready.error().code);
    co_return;
  }
  const std::string packed = pack_items(reply.request(), handle, offset, size, plus);
  reply.buffer(packed.data(), packed.size());
}

namespace {

fuse_entry_param bare_entry(const DirectoryItem& item, std::uint64_t ino) {
  EntryReply entry;
  entry.attributes.type = item.type;
  entry.attributes.ino = ino;
  return to_entry_param(entry);
}

}  // namespace

std::string FuseOperations::pack_items(fuse_req_t request, std::uint64_t handle, std::uint64_t offset,
                                       std::size_t size, bool plus) {
  std::string out(size, '\0');
  std::size_t used = 0;
  std::string name;
  for (auto item = filesystem_.item(handle, offset); item; item = filesystem_.item(handle, item->next)) {
    name.assign(item->name);
    const std::size_t needed = plus ? fuse_add_direntry_plus(request, nullptr, 0, name.c_str(), nullptr, 0)
                                    : fuse_add_direntry(request, nullptr, 0, name.c_str(), nullptr, 0);
    if (used + needed > size) break;
    const auto next = static_cast<off_t>(item->next);
    const bool is_dot = name == "." || name == "..";
    const fuse_entry_param entry = plus && !is_dot ? to_entry_param(filesystem_.take_entry(handle, *item))
                                                   : bare_entry(*item, filesystem_.item_ino(handle, *item));
    used += plus
                ? fuse_add_direntry_plus(request, out.data() + used, size - used, name.c_str(), &entry, next)
                : fuse_add_direntry(request, out.data() + used, size - used, name.c_str(), &entry.attr, next);
  }
  out.resize(used);
  return out;
}

void FuseOperations::releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  of(request).filesystem_.releasedir(file->fh);
  Reply(request).error(0);
}

void FuseOperations::statfs(fuse_req_t request, fuse_ino_t) {
  struct statvfs figures;
  std::memset(&figures, 0, sizeof figures);
  figures.f_bsize = figures.f_frsize = kStatfsBlock;
  figures.f_blocks = figures.f_bfree = figures.f_bavail = kStatfsBlocks;
  figures.f_namemax = 255;
  Reply(request).statfs(figures);
}

void FuseOperations::getxattr(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size) {
  FuseOperations& self = of(request);
  const Watch watch = self.watch(request);
  self.start(watch, self.answer_getxattr(Reply(request), watch, node, name, size));
}

Task<void> FuseOperations::answer_getxattr(Reply reply, Watch, std::uint64_t node, std::string name,
                                           std::size_t size) {
  const FsResult<std::string> value = co_await filesystem_.getxattr(node, std::move(name));
  if (!value) {
    reply.error(value.error().code);
  } else if (size == 0) {
    reply.xattr_size(value->size());
  } else if (value->size() > size) {
    reply.error(ERANGE);
  } else {
    reply.buffer(value->data(), value->size());
  }
}

void FuseOperations::listxattr(fuse_req_t request, fuse_ino_t, std::size_t size) {
  // Ours are left out, so that `cp -a` and `rsync -X` do not copy them.
  if (size == 0) return Reply(request).xattr_size(0);
  Reply(request).buffer("", 0);
}

namespace {

// One refusal for every signature that writes.
template <class... Args>
void refuse_to_write(fuse_req_t request, Args...) {
  Reply(request).error(EROFS);
}

}  // namespace

const fuse_lowlevel_ops& FuseOperations::table() {
  static const fuse_lowlevel_ops kOperations = [] {
    fuse_lowlevel_ops ops;
    std::memset(&ops, 0, sizeof ops);
    ops.init = init;
    ops.lookup = lookup;
    ops.forget = forget;
    ops.forget_multi = forget_multi;
    ops.getattr = getattr;
    ops.open = open;
    ops.read = read;
    ops.flush = flush;
    ops.release = release;
    ops.opendir = opendir;
    ops.readdir = readdir;
    ops.readdirplus = readdirplus;
    ops.releasedir = releasedir;
    ops.statfs = statfs;
    ops.getxattr = getxattr;
    ops.listxattr = listxattr;
    ops.setattr = refuse_to_write;
    ops.mknod = refuse_to_write;
    ops.mkdir = refuse_to_write;
    ops.unlink = refuse_to_write;
    ops.rmdir = refuse_to_write;
    ops.symlink = refuse_to_write;
    ops.rename = refuse_to_write;
    ops.link = refuse_to_write;
    ops.create = refuse_to_write;
    ops.write = refuse_to_write;
    ops.setxattr = refuse_to_write;
    ops.removexattr = refuse_to_write;
    ops.fallocate = refuse_to_write;
    return ops;
  }();
  return kOperations;
}

}  // namespace balancefs
