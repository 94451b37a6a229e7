// [control]: where metrics and the status page are, and who may see them.
#include <fmt/format.h>

#include <asio/ip/address.hpp>

#include "base/text.h"
#include "config/config_sections.h"
#include "config/secret_keys.h"
#include "config/section_reader.h"
#include "config/values.h"

namespace balancefs {
namespace {

/// "127.0.0.1:9780", "[::1]:9780". Names are not looked up: one may lead elsewhere tomorrow.
bool read_listen(std::string_view text, asio::ip::address& address, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto number = parse_number(text.substr(colon + 1));
  if (!number || *number > 65535) return false;
  asio::error_code error;
  address = asio::ip::make_address(std::string(host), error);
  port = static_cast<std::uint16_t>(*number);
  return !error && address.is_v6() == bracketed;
}

}  // namespace

void read_control_section(const toml::table& table, ConfigReading& reading, ControlOptions& control) {
  SectionReader reader(table, kControlSection, reading.problems);
  SecretKeys password(reader, reading, "password");
  const bool has_password = password.given();
  const std::size_t before = reading.problems.size();
  control.password = password.read();
  if (has_password && control.password.empty() && reading.problems.size() == before)
    reader.problem("password", "is empty; leave it out where only this machine can connect");
  const auto text = reader.text("listen");
  if (!text) {
    if (has_password && !reader.has("listen"))
      reader.problem("listen", "is missing, but a password for it is given");
    return;
  }
  asio::ip::address address;
  if (!read_listen(*text, address, control.port)) return reader.refuse("listen", *text);
  control.address = address.to_string();
  if (address.is_loopback() || has_password) return;
  reader.problem("listen", fmt::format("{} lets other machines in and needs a password; add password_file, "
                                       "password_env, password_command or password, or listen on 127.0.0.1",
                                       quote(*text)));
}

}  // namespace balancefs
