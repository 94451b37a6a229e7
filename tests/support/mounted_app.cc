#include "support/mounted_app.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kMountLimit = 30s;
// docs/SEMANTICS.md: an unmount takes at most 10 s; the rest is a busy machine and the sanitizers' own end.
constexpr auto kEndLimit = 30s;
constexpr std::size_t kLogTail = 8000;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string tail(std::string text) {
  if (text.size() > kLogTail) text.erase(0, text.size() - kLogTail);
  return text;
}

std::string quoted(const std::string& text) {
  return "'" + text + "'";  // a TOML literal string: test paths and URLs hold no single quotes
}

/// Never the user's own cache. BALANCEFS_TEST_CACHE=disk runs the tests that say nothing of it with one on
/// disk.
std::string cache_lines(const MountConfig& config, const fs::path& folder) {
  if (config.sections.find("[cache]") != std::string::npos) return {};
  const char* mode = std::getenv("BALANCEFS_TEST_CACHE");
  const bool on_disk = mode != nullptr && std::string_view(mode) == "disk";
  return fmt::format("\n[cache]\nmode = \"{}\"\ndir = {}\n", on_disk ? "disk" : "memory", quoted(folder));
}

pid_t spawn_daemon(const std::vector<std::string>& command, const fs::path& log_file) {
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    // SIGTERM, not SIGKILL: a test that dies leaves no mount behind.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    // A listener of the test that the daemon inherits would still accept when the test has closed it.
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execv(words[0], words.data());
    _exit(127);
  }
  close(log);
  return child;
}

std::optional<int> wait_for(pid_t child, std::chrono::milliseconds limit) {
  int status = 0;
  const bool ended = eventually([&] { return waitpid(child, &status, WNOHANG) == child; }, limit);
  if (!ended) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string cannot_mount_because() {
  const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd < 0) return fmt::format("/dev/fuse cannot be opened: {}", strerror(errno));
  close(fd);
  return {};
}

}  // namespace

StorageLines::StorageLines(std::string mount_path, std::string driver, std::string where, std::string more)
    : path(std::move(mount_path)), type(std::move(driver)), place(std::move(where)), extra(std::move(more)) {}

std::string MountConfig::toml() const {
  std::string out = "[log]\nlevel = \"debug\"\ntarget = \"stderr\"\n" + sections;
  for (const StorageLines& storage : storages) {
    out += fmt::format("\n[[storage]]\npath = {}\ntype = {}\n{} = {}\n{}", quoted(storage.path),
                       quoted(storage.type), storage.type == "local" ? "root" : "url", quoted(storage.place),
                       storage.extra);
  }
  return out;
}

StorageLines storage_of(const Server& server, std::string mount_path, std::string extra) {
  return StorageLines(std::move(mount_path), is_webdav(server.kind()) ? "webdav" : "http", server.url(),
                      std::move(extra));
}

MountConfig balanced(const std::vector<std::string>& urls, const std::string& type) {
  MountConfig config;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    config.storages.emplace_back(i == 0 ? "/pt" : fmt::format("/pt.balance{}", i), type, urls[i]);
  }
  return config;
}

MountConfig balanced(const std::vector<std::unique_ptr<Server>>& servers) {
  std::vector<std::string> urls;
  for (const auto& server : servers) urls.push_back(server->url());
  return balanced(urls, is_webdav(servers.at(0)->kind()) ? "webdav" : "http");
}

std::string mounted_type(const fs::path& mountpoint) {
  // 36 35 98:0 /root /mount/point options - type source: the fields around " - " are all that is needed.
  std::istringstream lines(read_text("/proc/self/mountinfo"));
  std::string type;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string skipped, point;
    fields >> skipped >> skipped >> skipped >> skipped >> point;
    const std::size_t dash = line.find(" - ");
    if (point != mountpoint.string() || dash == std::string::npos) continue;
    std::istringstream(line.substr(dash + 3)) >> type;
  }
  return type;
}

MountedApp::MountedApp(const MountConfig& config)
    : mountpoint_(scratch_.path() / "mnt"),
      config_file_(scratch_.path() / "mount.conf"),
      log_file_(scratch_.path() / "balancefs.log") {
  fs::create_directory(mountpoint_);
  write_config(config);
  start();
}

void MountedApp::write_config(const MountConfig& config) {
  write_file(config_file_, config.toml() + cache_lines(config, scratch_.path() / "cache"));
}

ProgramResult MountedApp::reload() const {
  return run({BALANCEFS_BINARY, "reload", mountpoint_}, 60s);
}

MountedApp::~MountedApp() {
  stop();
  detach();  // what a crash left
  if (testing::Test::HasFailure()) std::fprintf(stderr, "log of the mount:\n%s\n", tail(log()).c_str());
}

void MountedApp::start() {
  pid_ = spawn_daemon({BALANCEFS_BINARY, "mount", "--foreground", "--config", config_file_, mountpoint_},
                      log_file_);
  wait_until_answering();
}

void MountedApp::wait_until_answering() {
  const auto answers = [this] {
    // The folder below answers too, between a stale mount that is being detached and the new one.
    struct statfs status{};
    return statfs(mountpoint_.c_str(), &status) == 0 && status.f_type == FUSE_SUPER_MAGIC &&
           mounted_type(mountpoint_) == "fuse.balancefs";
  };
  std::optional<int> ended;
  eventually([&] { return (ended = wait_for(pid_, 0ms)).has_value() || answers(); }, kMountLimit);
  if (!ended && answers()) return;
  if (!ended) crash();
  pid_ = -1;
  detach();
  throw std::runtime_error(
      fmt::format("the mount does not come up (status {}):\n{}", ended.value_or(-1), tail(log())));
}

fs::path MountedApp::path(const std::string& relative) const {
  return relative.empty() ? mountpoint_ : mountpoint_ / relative;
}

std::string MountedApp::log() const {
  return read_text(log_file_);
}

bool MountedApp::logs(const std::string& text) const {
  return eventually([&] { return log().find(text) != std::string::npos; }, 5s);
}

std::size_t MountedApp::status_field(const std::string& name) const {
  std::istringstream lines(read_text(fmt::format("/proc/{}/status", pid_)));
  for (std::string word; lines >> word;) {
    if (word != name) continue;
    std::size_t value = 0;
    lines >> value;
    return value;
  }
  return 0;
}

std::size_t MountedApp::descriptor_count() const {
  const fs::directory_iterator entries(fmt::format("/proc/{}/fd", pid_));
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::string MountedApp::member_of(const std::string& relative) const {
  return attribute(path(relative), "user.balancefs.member").value_or("");
}

std::optional<int> MountedApp::wait_for_end(std::chrono::milliseconds limit) {
  const std::optional<int> status = wait_for(pid_, limit);
  if (status) pid_ = -1;
  return status;
}

void MountedApp::stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  const std::optional<int> status = wait_for_end(kEndLimit);
  if (!status) {
    ADD_FAILURE() << "the daemon does not end after SIGTERM";
    crash();
    return;
  }
  EXPECT_EQ(*status, 0) << "end of the daemon";
  EXPECT_EQ(mounted_type(mountpoint_), "") << "a mount stays behind";
}

void MountedApp::detach() const {
  if (!mounted_type(mountpoint_).empty()) run({"fusermount3", "-u", "-z", mountpoint_});
}

void MountedApp::crash() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::optional<std::string> attribute(const fs::path& path, const std::string& name) {
  char value[4096];
  const ssize_t size = lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
  if (size < 0) return std::nullopt;
  return std::string(value, static_cast<std::size_t>(size));
}

FileContent read_file(const fs::path& path) {
  FileContent content;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    content.error = errno;
    return content;
  }
  std::string buffer(1 << 20, '\0');
  for (ssize_t count = 1; count > 0;) {
    count = read(fd, buffer.data(), buffer.size());
    if (count < 0) content.error = errno;
    if (count > 0) content.text.append(buffer, 0, static_cast<std::size_t>(count));
  }
  close(fd);
  return content;
}

int open_error(const fs::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

std::string sha256(const fs::path& path, std::chrono::milliseconds limit) {
  // From standard input: the program escapes odd file names in its output.
  const ProgramResult result = run_script("sha256sum <\"$1\"", {}, {path}, limit);
  return result.status == 0 ? result.out.substr(0, 64) : "";
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

void MountTest::SetUp() {
  const std::string reason = cannot_mount_because();
  if (reason.empty()) return;
  if (std::getenv("BALANCEFS_REQUIRE_MOUNT") != nullptr) FAIL() << reason;
  GTEST_SKIP() << reason;
}

}  // namespace balancefs::test
