// Where control sockets are, whose they are, and what dead daemons leave there.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "control/control_client.h"
#include "control/control_socket.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

Result<ControlSocket> listen_in(const std::string& folder, const std::string& device) {
  auto made = ControlFolder::make(folder);
  if (!made) return std::unexpected(made.error());
  return ControlSocket::listen(std::move(*made), device);
}

/// A socket whose daemon was killed: bound, and nobody listens.
void leave_behind(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(ControlFolders, OfAUserAreTheSessionsOwn) {
  const TempFolder folder;
  const ScopedVariable session("XDG_RUNTIME_DIR", folder.path().c_str());
  const std::string user = std::to_string(::geteuid());
  if (::geteuid() == 0) {
    EXPECT_EQ(control_folders(0), (std::vector<std::string>{"/run/balancefs", "/tmp/balancefs-0"}));
    ASSERT_EQ(::chown(folder.path().c_str(), 12345, 12345), 0);
    EXPECT_EQ(control_folders(12345),
              (std::vector<std::string>{folder.path("balancefs"), "/run/user/12345/balancefs",
                                        "/tmp/balancefs-12345"}));
  } else {
    EXPECT_EQ(control_folders(::geteuid()).front(), folder.path("balancefs"));
  }
  EXPECT_EQ(control_folders(23456),
            (std::vector<std::string>{"/run/user/23456/balancefs", "/tmp/balancefs-23456"}))
      << "the session is another user's";
}

TEST(ControlFolders, OfSomebodyElseAreNotUsed) {
  const TempFolder folder;
  fs::create_directory(folder.path("real"));
  fs::create_directory_symlink(folder.path("real"), folder.path("link"));
  EXPECT_FALSE(ControlFolder::make(folder.path("link")).has_value()) << "a link leads anywhere";
  EXPECT_FALSE(ControlFolder::make(folder.write("file", "")).has_value());
  EXPECT_EQ(ControlFolder::open(folder.path("none"), ::geteuid()).error().kind, ErrorKind::not_found);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(folder.path("real").c_str(), 12345, 12345), 0);
  EXPECT_EQ(ControlFolder::make(folder.path("real")).error().kind, ErrorKind::denied);
  EXPECT_TRUE(ControlFolder::open(folder.path("real"), 12345).has_value());
}

TEST(ControlFolders, ThatOthersCouldEnterAreClosedToThem) {
  const TempFolder folder;
  fs::create_directory(folder.path("run"));
  ::chmod(folder.path("run").c_str(), 0777);
  ASSERT_TRUE(ControlFolder::make(folder.path("run")).has_value());
  struct stat info = {};
  ASSERT_EQ(::stat(folder.path("run").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST(ControlSocketFile, IsNamedByItsMountAndGoesWithItsDaemon) {
  const TempFolder folder;
  {
    const auto one = listen_in(folder.path("run"), "0:57");
    const auto two = listen_in(folder.path("run"), "0:58");
    ASSERT_TRUE(one && two);
    EXPECT_EQ(names_in(folder.path("run")), (std::vector<std::string>{"0-57.sock", "0-58.sock"}));
  }
  EXPECT_EQ(names_in(folder.path("run")), std::vector<std::string>{});
}

TEST(ControlSocketFile, ThatADeadDaemonLeftIsReplaced) {
  const TempFolder folder;
  fs::create_directory(folder.path("run"));
  for (const char* name : {"0-57.sock", "0-58.sock", "0-57.sock.new"})
    leave_behind(folder.path("run/") + name);
  folder.write("run/else", "kept");
  const auto socket = listen_in(folder.path("run"), "0:57");
  ASSERT_TRUE(socket.has_value()) << socket.error().text;
  EXPECT_EQ(names_in(folder.path("run")), (std::vector<std::string>{"0-57.sock", "else"}));
}

TEST(ControlSocketFile, OfALivingDaemonIsNeverTaken) {
  const TempFolder folder;
  const auto first = listen_in(folder.path("run"), "0:57");
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(listen_in(folder.path("run"), "0:57").has_value());
  EXPECT_EQ(names_in(folder.path("run")), (std::vector<std::string>{"0-57.sock"}));
}

TEST(ControlSocketFile, ThatIsSomebodyElsesByNowStays) {
  const TempFolder folder;
  {
    const auto socket = listen_in(folder.path("run"), "0:57");
    ASSERT_TRUE(socket.has_value());
    fs::remove(folder.path("run/0-57.sock"));
    folder.write("run/0-57.sock", "another");
  }
  EXPECT_EQ(names_in(folder.path("run")), (std::vector<std::string>{"0-57.sock"}));
}

TEST(ControlSocketFile, MayLieDeeperThanAnAddressIsLong) {
  const TempFolder folder;
  const std::string deep = folder.path(std::string(200, 'd'));
  fs::create_directory(deep);
  EXPECT_TRUE(listen_in(deep + "/run", "0:57").has_value());
}

TEST(ControlClientTest, SaysWhyThereIsNobody) {
  MountEntry mount;
  mount.point = "/mnt/cloud";
  mount.device = "0:999999";
  mount.owner = ::geteuid();
  const auto client = ControlClient::connect(mount);
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().text,
            "/mnt/cloud: the daemon of this mount has no control socket: it has ended, or its log says why");
}

}  // namespace
}  // namespace balancefs::test
