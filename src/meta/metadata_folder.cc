#include "meta/metadata_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "base/private_folder.h"

namespace balancefs {

MetadataFolder::~MetadataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

MetadataFolder::State MetadataFolder::refuse(std::string why) {
  why_ = std::move(why);
  return State::unusable;
}

MetadataFolder::State MetadataFolder::refuse(int code) {
  why_ = std::generic_category().message(code);
  return code == ENOSPC || code == EDQUOT ? State::full : State::unusable;
}

MetadataFolder::State MetadataFolder::open(const std::string& path) {
  if (const int code = make_private_folders(path); code != 0) return refuse(code);
  // Without links on the way: SQLite follows none.
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return refuse(errno);
  path_ = real.get();
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return refuse(errno);
  if (!S_ISDIR(info.st_mode)) return refuse("it is no folder");
  // Whoever owns it could change what is read from it, and see what is kept in it.
  if (info.st_uid != ::geteuid()) return refuse("it belongs to another user");
  const std::string lock_file = path_ + "/lock";
  if (lock_ < 0)
    lock_ = ::open(lock_file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (lock_ < 0) return refuse(errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return State::open;
  return errno == EWOULDBLOCK ? State::in_use : refuse(errno);
}

void MetadataFolder::refuse_foreign_file() const {
  struct stat info{};
  if (::lstat(file().c_str(), &info) != 0) return;
  const bool ours = S_ISREG(info.st_mode) && info.st_uid == ::geteuid() && info.st_nlink == 1;
  if (!ours) remove_files();
}

void MetadataFolder::remove_files() const {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) ::unlink((file() + end).c_str());
}

}  // namespace balancefs
