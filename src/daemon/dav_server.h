// A WebDAV storage inside this process, on loopback: what `balancefs demo` mounts, and kills.
//
// On the loop (web/microhttpd_loop.h); what a callback of the library leads to is posted.
#pragma once

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "balancefs/result.h"
#include "daemon/demo_files.h"

namespace balancefs {

class DavServer {
 public:
  struct Served {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;  ///< of bodies of files, handed to the connection
    Served() = default;
  };

  /// `name` goes into the ETags. `files` outlives the server.
  DavServer(asio::io_context& loop, std::string name, const DemoFiles& files);
  DavServer(const DavServer&) = delete;
  DavServer& operator=(const DavServer&) = delete;
  ~DavServer();

  /// Listens on 127.0.0.1, on a free port the first time and on the same one later.
  Result<void> start();
  /// Closes the listening socket and all connections at once, in mid-transfer too: what a storage looks like
  /// from outside when its power fails.
  void kill();
  bool running() const;
  std::string url() const;  ///< "http://127.0.0.1:port"; valid after the first start()
  const std::string& name() const;

  /// Of all connections together; 0: as fast as they read. Connections share it evenly.
  void set_bytes_per_second(std::uint64_t rate);
  /// Called from the loop after bytes of a file were handed out, with its path ("films/a.mkv") and all its
  /// bytes so far.
  void on_served(std::function<void(const std::string& path, std::uint64_t bytes)> listener);
  /// By path, since construction.
  const std::map<std::string, Served>& served() const;
  Served served(const std::string& path) const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // handlers waiting in the loop hold it weakly
};

}  // namespace balancefs
