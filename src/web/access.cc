#include "web/access.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <asio/ip/address.hpp>

#include "balancefs/result.h"
#include "base/text.h"

namespace balancefs {
namespace {

/// "127.0.0.1:9780" without the port; an address in brackets without them.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') == host.npos ? 0 : host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

/// Any port: an ssh tunnel gives another one.
bool is_this_machine(std::string_view host) {
  const std::string name = to_lower(host_name(host));
  if (name == "localhost") return true;
  asio::error_code error;
  const asio::ip::address address = asio::ip::make_address(name, error);
  return !error && address.is_loopback();
}

/// A page behind a server with TLS has https in its origin.
bool same_origin(const WebRequest& request) {
  if (!request.fetch_site.empty() && request.fetch_site != "same-origin") return false;
  return request.origin == "http://" + request.host || request.origin == "https://" + request.host;
}

}  // namespace

std::optional<WebAnswer> refuse_visit(const WebRequest& request, const AccessRules& rules) {
  if (rules.password.empty()) {
    if (is_this_machine(request.host)) return std::nullopt;
    return WebAnswer(
        403, fmt::format("'{}' is not a name of this machine itself. Use 127.0.0.1, [::1] or localhost; "
                         "for other names set a control.password.\n",
                         escape_controls(request.host)));
  }
  if (request.password && same_secret(*request.password, rules.password.reveal())) return std::nullopt;
  WebAnswer answer(401, "The password is control.password of the configuration; any user name will do.\n");
  answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"balancefs\", charset=\"UTF-8\"");
  return answer;
}

std::optional<WebAnswer> refuse_change(const WebRequest& request, const AccessRules& rules) {
  if (!same_origin(request)) return WebAnswer(403, "Only the page itself may ask for this.\n");
  if (!same_secret(request.token, rules.token))
    return WebAnswer(403, "The token is missing or of an earlier run.\n");
  const std::string type = to_lower(request.content_type);
  if (trim(std::string_view(type).substr(0, type.find(';'))) != "application/json")
    return WebAnswer(415, "This takes application/json.\n");
  return std::nullopt;
}

bool same_secret(std::string_view given, std::string_view expected) {
  std::size_t different = given.size() ^ expected.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    different |= static_cast<unsigned char>(given[i] ^ other);
  }
  return different == 0;
}

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  BALANCEFS_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace balancefs
