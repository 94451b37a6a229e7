// The configuration and command line of each kind of server. Pure: text in, text out.
#pragma once

#include "support/servers.h"

namespace balancefs::test {

/// What a configuration depends on.
struct ServerPlace {
  std::filesystem::path scratch;
  std::filesystem::path root;
  int port = 0;
  bool as_root = false;  ///< Apache refuses to serve as root: it changes to www-data
};

/// The configuration file's text; empty for servers that have none.
std::string server_config(ServerKind kind, const ServerPlace& place, const ServerOptions& options);
/// Program and arguments; the configuration file is scratch/server.conf.
std::vector<std::string> server_command(ServerKind kind, const ServerPlace& place);

}  // namespace balancefs::test
