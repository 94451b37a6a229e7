// Real servers for tests and benches: nginx, Apache, lighttpd, rclone and Python on loopback.
//
// A Server owns a scratch directory (configuration, logs, and `root()`, whose content it serves) and one
// process on a free port of 127.0.0.1. start_server() returns when it answers. Whatever ends the test ends
// the process: a watcher kills it when the test's end of a pipe closes, a crash included. Works as root and
// as a user. Failures to start throw std::runtime_error with the server's log: a test cannot go on without
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace balancefs::test {

/// A new directory below the system's temporary one, open to all readers, removed with its content at the
/// end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes a file, making the directories above it.
void write_file(const std::filesystem::path& path, std::string_view content);
/// A port of 127.0.0.1 that nothing listened on a moment ago.
int free_port();

enum class ServerKind : std::uint8_t {
  nginx_webdav,     ///< http-dav-ext
  apache_webdav,    ///< mod_dav_fs
  lighttpd_webdav,  ///< mod_webdav, read-only
  rclone_webdav,
  nginx_html,          ///< autoindex, exact sizes
  nginx_html_rounded,  ///< autoindex_exact_size off
  nginx_json,
  apache_index,        ///< mod_autoindex: FancyIndexing
  apache_index_table,  ///< the same with HTMLTable
  lighttpd_index,
  rclone_http,
  python_http,  ///< no ranges, no sizes in listings
};
std::string_view to_string(ServerKind kind);
bool is_webdav(ServerKind kind);

struct ServerOptions {
  std::filesystem::path root;          ///< serve this directory; empty: a new one in the scratch directory
  std::uint64_t bytes_per_second = 0;  ///< per connection (nginx kinds); 0: unlimited
  std::string user, password;          ///< Basic authentication (nginx kinds); empty: none
  std::filesystem::path certificate, key;  ///< PEM; with them the server speaks TLS only (nginx kinds)
  int workers = 0;                         ///< nginx: worker processes, for benches; 0: one process

  ServerOptions() = default;
};

class Server {
 public:
  Server(ServerKind kind, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "http://127.0.0.1:PORT", without trailing slash; "https://localhost:PORT" with TLS.
  std::string url() const;
  int port() const { return port_; }
  /// The directory that is served. Tests write into it directly.
  const std::filesystem::path& root() const { return root_; }
  ServerKind kind() const { return kind_; }
  /// Kills the process; its connections are reset, new ones refused. No effect when stopped.
  void stop();
  /// Starts it again at the same port and waits until it answers.
  void start();
  /// Freezes and thaws the process (SIGSTOP, SIGCONT): connected, but nothing comes.
  void freeze();
  void thaw();
  /// What the server has logged so far, for messages; nginx and Apache: one line per request.
  std::string log() const;

 private:
  void launch();
  bool wait_until_answering() const;
  void signal_process(int signal) const;
  int server_pid() const;

  ServerKind kind_;
  ServerOptions options_;
  ScratchDirectory scratch_;
  std::filesystem::path root_;
  int port_ = 0;
  int watcher_ = -1;  ///< process id of the watching shell
  int pipe_ = -1;     ///< closing it ends watcher and server
};

std::unique_ptr<Server> start_server(ServerKind kind, ServerOptions options = ServerOptions());

}  // namespace balancefs::test
