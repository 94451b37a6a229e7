#include "support/servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/server_configs.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// The watcher: starts the server, waits for the end of its standard input, kills the server. A server that
// ends by itself stays unnoticed until somebody connects.
constexpr const char* kWatcher = R"(log=$1; pid=$2; shift 2; exec 2>>"$log"
"$@" </dev/null >&2 & echo $! >"$pid.new"; mv "$pid.new" "$pid"
read -r never; kill -9 $!; wait $!)";

constexpr int kTriesToStart = 5;  // another process may take the port between free_port() and the bind
constexpr auto kStartLimit = 15s;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool connects(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

// rclone listens before it knows its routes, and answers 404 to everything until then.
bool serves_its_root(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  constexpr std::string_view request = "GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
  std::string status(12, ' ');  // "HTTP/1.0 200"
  const bool answered = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                        send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
                        recv(fd, status.data(), status.size(), MSG_WAITALL) > 0;
  close(fd);
  return answered && !status.ends_with("404");
}

// The programs of administrators are not in every user's PATH.
std::vector<std::string> environment_with_sbin() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("PATH=")) out.emplace_back(text);
  }
  const char* path = std::getenv("PATH");
  out.push_back(fmt::format("PATH={}:/usr/sbin:/sbin", path == nullptr ? "/usr/bin:/bin" : path));
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

pid_t spawn_reading_from(int standard_input, std::vector<std::string> command) {
  std::vector<std::string> environment = environment_with_sbin();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
  // The watcher outlives signals that a terminal or a test sends to the test's group.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int error = posix_spawn(&child, "/bin/sh", &actions, &attributes, pointers_to(command).data(),
                                pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start /bin/sh");
  return child;
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (fs::temp_directory_path() / "balancefs-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
  fs::permissions(path_, fs::perms(0755));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_file(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port on loopback");
  return ntohs(address.sin_port);
}

std::string_view to_string(ServerKind kind) {
  switch (kind) {
    case ServerKind::nginx_webdav:
      return "nginx_webdav";
    case ServerKind::apache_webdav:
      return "apache_webdav";
    case ServerKind::lighttpd_webdav:
      return "lighttpd_webdav";
    case ServerKind::rclone_webdav:
      return "rclone_webdav";
    case ServerKind::nginx_html:
      return "nginx_html";
    case ServerKind::nginx_html_rounded:
      return "nginx_html_rounded";
    case ServerKind::nginx_json:
      return "nginx_json";
    case ServerKind::apache_index:
      return "apache_index";
    case ServerKind::apache_index_table:
      return "apache_index_table";
    case ServerKind::lighttpd_index:
      return "lighttpd_index";
    case ServerKind::rclone_http:
      return "rclone_http";
    case ServerKind::python_http:
      return "python_http";
  }
  return "unknown";
}

bool is_webdav(ServerKind kind) {
  return kind == ServerKind::nginx_webdav || kind == ServerKind::apache_webdav ||
         kind == ServerKind::lighttpd_webdav || kind == ServerKind::rclone_webdav;
}

Server::Server(ServerKind kind, ServerOptions options) : kind_(kind), options_(std::move(options)) {
  root_ = options_.root.empty() ? scratch_.path() / "root" : options_.root;
  fs::create_directories(root_);
  if (!options_.user.empty()) {
    write_file(scratch_.path() / "users", fmt::format("{}:{{PLAIN}}{}\n", options_.user, options_.password));
  }
  for (int attempt = 0; attempt < kTriesToStart; ++attempt) {
    port_ = free_port();
    launch();
    if (wait_until_answering()) return;
    stop();
  }
  throw std::runtime_error(fmt::format("{} does not start:\n{}", to_string(kind_), log()));
}

Server::~Server() {
  stop();
}

std::string Server::url() const {
  return fmt::format("{}:{}", options_.certificate.empty() ? "http://127.0.0.1" : "https://localhost", port_);
}

void Server::launch() {
  ServerPlace place;
  place.scratch = scratch_.path();
  place.root = root_;
  place.port = port_;
  place.as_root = geteuid() == 0;
  write_file(scratch_.path() / "server.conf", server_config(kind_, place, options_));
  // Apache's files belong to www-data when the test runs as root.
  fs::permissions(scratch_.path(), place.as_root ? fs::perms(0777) : fs::perms(0755));
  fs::remove(scratch_.path() / "pid");
  std::vector<std::string> command = {"/bin/sh",
                                      "-c",
                                      kWatcher,
                                      "watcher",
                                      (scratch_.path() / "output.log").string(),
                                      (scratch_.path() / "pid").string()};
  for (std::string& word : server_command(kind_, place)) command.push_back(std::move(word));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  watcher_ = spawn_reading_from(ends[0], std::move(command));
  close(ends[0]);
  pipe_ = ends[1];
}

int Server::server_pid() const {
  const std::string text = read_text(scratch_.path() / "pid");
  return text.empty() ? -1 : std::atoi(text.c_str());
}

bool Server::wait_until_answering() const {
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  const bool is_rclone = kind_ == ServerKind::rclone_webdav || kind_ == ServerKind::rclone_http;
  const bool is_plain_rclone = is_rclone && options_.certificate.empty();
  while (std::chrono::steady_clock::now() < limit) {
    const int pid = server_pid();
    if (pid > 0 && (is_plain_rclone ? serves_its_root(port_) : connects(port_))) return true;
    if (pid > 0 && read_text(fmt::format("/proc/{}/cmdline", pid)).empty()) return false;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

void Server::stop() {
  if (watcher_ < 0) return;
  close(pipe_);
  waitpid(watcher_, nullptr, 0);
  watcher_ = -1;
  pipe_ = -1;
}

void Server::start() {
  if (watcher_ >= 0) return;
  launch();
  if (!wait_until_answering()) {
    throw std::runtime_error(fmt::format("{} does not start again:\n{}", to_string(kind_), log()));
  }
}

void Server::signal_process(int signal) const {
  const int pid = server_pid();
  if (watcher_ >= 0 && pid > 0) kill(pid, signal);
}

void Server::freeze() {
  signal_process(SIGSTOP);
}
void Server::thaw() {
  signal_process(SIGCONT);
}

std::string Server::log() const {
  std::string out;
  for (const char* name : {"output.log", "error.log", "access.log"}) out += read_text(scratch_.path() / name);
  return out;
}

std::unique_ptr<Server> start_server(ServerKind kind, ServerOptions options) {
  return std::make_unique<Server>(kind, std::move(options));
}

}  // namespace balancefs::test
