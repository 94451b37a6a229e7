#include "support/server_configs.h"

#include <fmt/format.h>

namespace balancefs::test {
namespace {

// Everything below the scratch directory, in the foreground. With one process there is nobody to outlive it;
// with workers the master is killed and they end by themselves.
constexpr std::string_view kNginx = R"(load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
daemon off;
{processes}
pid {scratch}/nginx.pid;
error_log {scratch}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log {scratch}/access.log combined;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  default_type application/octet-stream;
  sendfile on;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port}{tls_listen};
    {tls}
    location / {{
      root {root};
      {rate}
      {auth}
      {mode}
    }}
  }}
}}
)";

std::string_view nginx_mode(ServerKind kind) {
  switch (kind) {
    case ServerKind::nginx_html:
      return "autoindex on;";
    case ServerKind::nginx_html_rounded:
      return "autoindex on; autoindex_exact_size off;";
    case ServerKind::nginx_json:
      return "autoindex on; autoindex_format json;";
    default:
      return "dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;";
  }
}

std::string nginx_config(ServerKind kind, const ServerPlace& place, const ServerOptions& options) {
  std::string processes = "master_process off;";
  if (options.workers > 0) processes = fmt::format("worker_processes {};", options.workers);
  if (options.workers > 0 && place.as_root) processes += " user root;";
  std::string tls, rate, auth;
  if (!options.certificate.empty()) {
    tls = fmt::format("ssl_certificate {}; ssl_certificate_key {};", options.certificate.string(),
                      options.key.string());
  }
  if (options.bytes_per_second > 0) rate = fmt::format("limit_rate {};", options.bytes_per_second);
  if (!options.user.empty()) {
    auth = fmt::format("auth_basic \"test\"; auth_basic_user_file {}/users;", place.scratch.string());
  }
  return fmt::format(kNginx, fmt::arg("processes", processes), fmt::arg("scratch", place.scratch.string()),
                     fmt::arg("port", place.port), fmt::arg("tls_listen", tls.empty() ? "" : " ssl http2"),
                     fmt::arg("tls", tls), fmt::arg("root", place.root.string()), fmt::arg("rate", rate),
                     fmt::arg("auth", auth), fmt::arg("mode", nginx_mode(kind)));
}

constexpr std::string_view kApache = R"(ServerRoot {scratch}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {scratch}/apache.pid
DefaultRuntimeDir {scratch}
Mutex file:{scratch} default
ErrorLog {scratch}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
LoadModule autoindex_module {modules}/mod_autoindex.so
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \"%r\" %>s %b" common
CustomLog {scratch}/access.log common
{user}
DocumentRoot {root}
DavLockDB {scratch}/davlock
DirectoryIndex disabled
<Directory {root}>
  Require all granted
  {mode}
</Directory>
)";

std::string_view apache_mode(ServerKind kind) {
  switch (kind) {
    case ServerKind::apache_index:
      return "Options +Indexes\n  IndexOptions FancyIndexing NameWidth=*";
    case ServerKind::apache_index_table:
      return "Options +Indexes\n  IndexOptions FancyIndexing HTMLTable NameWidth=* Charset=UTF-8";
    default:
      return "Dav On";
  }
}

std::string apache_config(ServerKind kind, const ServerPlace& place) {
  return fmt::format(kApache, fmt::arg("scratch", place.scratch.string()), fmt::arg("port", place.port),
                     fmt::arg("modules", "/usr/lib/apache2/modules"), fmt::arg("root", place.root.string()),
                     fmt::arg("user", place.as_root ? "User www-data\nGroup www-data" : ""),
                     fmt::arg("mode", apache_mode(kind)));
}

constexpr std::string_view kLighttpd = R"(server.modules = ( "mod_accesslog", "{module}" )
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{root}"
server.errorlog = "{scratch}/error.log"
accesslog.filename = "{scratch}/access.log"
server.upload-dirs = ( "{scratch}" )
server.max-keep-alive-requests = 100000
server.stat-cache-engine = "disable"
mimetype.assign = ( "" => "application/octet-stream" )
{mode}
)";

std::string lighttpd_config(ServerKind kind, const ServerPlace& place) {
  const bool dav = kind == ServerKind::lighttpd_webdav;
  const std::string_view mode = dav ? "webdav.activate = \"enable\"\nwebdav.is-readonly = \"enable\""
                                    : "dir-listing.activate = \"enable\"";
  return fmt::format(kLighttpd, fmt::arg("module", dav ? "mod_webdav" : "mod_dirlisting"),
                     fmt::arg("port", place.port), fmt::arg("root", place.root.string()),
                     fmt::arg("scratch", place.scratch.string()), fmt::arg("mode", mode));
}

std::vector<std::string> rclone_command(std::string what, const ServerPlace& place) {
  return {"rclone",           "serve",
          std::move(what),    place.root.string(),
          "--addr",           fmt::format("127.0.0.1:{}", place.port),
          "--config",         "",
          "--dir-cache-time", "1ns",
          "--vfs-cache-mode", "off",
          "--links"};
}

}  // namespace

std::string server_config(ServerKind kind, const ServerPlace& place, const ServerOptions& options) {
  switch (kind) {
    case ServerKind::nginx_webdav:
    case ServerKind::nginx_html:
    case ServerKind::nginx_html_rounded:
    case ServerKind::nginx_json:
      return nginx_config(kind, place, options);
    case ServerKind::apache_webdav:
    case ServerKind::apache_index:
    case ServerKind::apache_index_table:
      return apache_config(kind, place);
    case ServerKind::lighttpd_webdav:
    case ServerKind::lighttpd_index:
      return lighttpd_config(kind, place);
    case ServerKind::rclone_webdav:
    case ServerKind::rclone_http:
    case ServerKind::python_http:
      return {};
  }
  return {};
}

std::vector<std::string> server_command(ServerKind kind, const ServerPlace& place) {
  const std::string config = (place.scratch / "server.conf").string();
  switch (kind) {
    case ServerKind::nginx_webdav:
    case ServerKind::nginx_html:
    case ServerKind::nginx_html_rounded:
    case ServerKind::nginx_json:
      return {"nginx", "-p",  place.scratch.string(), "-e", (place.scratch / "error.log").string(),
              "-c",    config};
    case ServerKind::apache_webdav:
    case ServerKind::apache_index:
    case ServerKind::apache_index_table:
      return {"apache2", "-X", "-f", config};
    case ServerKind::lighttpd_webdav:
    case ServerKind::lighttpd_index:
      return {"lighttpd", "-D", "-f", config};
    case ServerKind::rclone_webdav:
      return rclone_command("webdav", place);
    case ServerKind::rclone_http:
      return rclone_command("http", place);
    case ServerKind::python_http:
      return {"python3", "-m",        "http.server", std::to_string(place.port),
              "--bind",  "127.0.0.1", "--directory", place.root.string()};
  }
  return {};
}

}  // namespace balancefs::test
