#include "config/url_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "config/values.h"

namespace balancefs {
namespace {

using Refusal = std::optional<std::string>;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// What a message may show of a URL, however damaged: where '@' meets '?' or '#', which part is a password or
/// a token is anybody's guess, and nothing is shown.
std::string shown(std::string_view url) {
  const std::size_t colon = url.find("://");
  const std::size_t start = colon == std::string_view::npos ? 0 : colon + 3;
  const std::string scheme(url.substr(0, start));
  std::string_view rest = url.substr(start);
  const std::size_t at = rest.rfind('@');
  const std::size_t query = rest.find_first_of("?#");
  if (at != std::string_view::npos && query != std::string_view::npos) return quote(scheme + "...");
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return quote(scheme + std::string(rest.substr(0, query)));
}

Refusal check_host(std::string_view url, std::string_view host) {
  if (host.empty()) return fmt::format("{} names no host; write https://host/path", shown(url));
  if (host.front() == '[') {
    const bool closed = host.size() > 2 && host.back() == ']';
    const bool legal = closed && std::ranges::all_of(host.substr(1, host.size() - 2), [](char c) {
                         return is_alphanumeric(c) || c == ':' || c == '.';
                       });
    if (legal) return std::nullopt;
    return fmt::format("{} has a damaged IPv6 address; write it like [2001:db8::1]", shown(url));
  }
  const bool ascii = std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return fmt::format("{} has a host that is not ASCII; write its xn-- form", shown(url));
  const bool legal = std::ranges::all_of(
      host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
  if (!legal) return fmt::format("{} has a character in its host that no host name has", shown(url));
  return std::nullopt;
}

Refusal check_port(std::string_view url, std::string_view port) {
  const auto number = parse_number(port);
  if (number && *number >= 1 && *number <= 65535) return std::nullopt;
  return fmt::format("{} has no usable port after ':'; accepted: 1 to 65535", shown(url));
}

/// "host", "host:1", "[::1]:1" without userinfo.
Refusal check_host_and_port(std::string_view url, std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (Refusal refusal = check_host(url, authority.substr(0, colon))) return refusal;
  if (colon == std::string_view::npos) return std::nullopt;
  return check_port(url, authority.substr(colon + 1));
}

/// Encodes what a path may not hold as it stands (blanks, quotes, bytes beyond ASCII); existing %NN stay.
std::string encode_path(std::string_view path) {
  constexpr std::string_view kLegal = "-._~!$&'()*+,;=:@/%";
  std::string out;
  for (const char c : path) {
    if (is_alphanumeric(c) || kLegal.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += percent_encode(std::string_view(&c, 1), false);
    }
  }
  return out;
}

Refusal check_path(std::string_view url, std::string_view path) {
  const std::optional<std::string> decoded = percent_decode(path);
  if (!decoded) return fmt::format("{} has a '%' that begins no %NN; write a real one as %25", shown(url));
  const bool control =
      std::ranges::any_of(*decoded, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control) return fmt::format("{} has a control character in it", shown(url));
  const std::string framed = "/" + *decoded + "/";
  if (framed.find("/./") != std::string::npos || framed.find("/../") != std::string::npos) {
    return fmt::format("{} has '.' or '..' in its path; write the path they lead to", shown(url));
  }
  return std::nullopt;
}

Refusal check_scheme(std::string_view url, std::string_view scheme) {
  if (scheme == "http" || scheme == "https") return std::nullopt;
  const bool dav = scheme == "dav" || scheme == "davs" || scheme == "webdav" || scheme == "webdavs";
  if (dav) return fmt::format("{} has the scheme {}; write https:// or http://", shown(url), scheme);
  return fmt::format("{} has the unknown scheme {}; accepted: https://, http://", shown(url), quote(scheme));
}

}  // namespace

std::expected<std::string, std::string> check_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    return std::unexpected(fmt::format("{} has no scheme; write https://... or http://...", shown(text)));
  }
  const std::string scheme = to_lower(text.substr(0, colon));
  if (Refusal refusal = check_scheme(text, scheme)) return std::unexpected(*refusal);
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return std::unexpected(fmt::format(
        "{} has a query or fragment; write a folder's URL, and '?' or '#' of its name as %3F or %23",
        shown(text)));
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return std::unexpected(
        fmt::format("{} was given with a user or password in it; write them as user = \"...\" and "
                    "password_file = \"...\"",
                    shown(text)));
  }
  if (Refusal refusal = check_host_and_port(text, authority)) return std::unexpected(*refusal);
  std::string_view path = rest.substr(authority.size());
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (Refusal refusal = check_path(text, path)) return std::unexpected(*refusal);
  return scheme + "://" + to_lower(authority) + encode_path(path);
}

std::expected<std::string, std::string> check_proxy(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "socks5", "socks5h"};
  if (text == "none") return std::string(text);
  const std::size_t colon = text.find("://");
  const std::string scheme = colon == std::string_view::npos ? "" : to_lower(text.substr(0, colon));
  if (std::ranges::find(kSchemes, scheme) == kSchemes.end()) {
    return std::unexpected(fmt::format(
        "{} is no proxy; accepted: \"none\" or http://, https://, socks5:// or socks5h:// with host "
        "and port",
        shown(text)));
  }
  std::string_view authority = text.substr(colon + 3);
  while (!authority.empty() && authority.back() == '/') authority.remove_suffix(1);
  const std::size_t at = authority.rfind('@');
  const std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (host.find('/') != std::string_view::npos) {
    return std::unexpected(fmt::format("{} has a path; write host and port only", shown(text)));
  }
  if (Refusal refusal = check_host_and_port(text, host)) return std::unexpected(*refusal);
  return scheme + "://" + std::string(authority);
}

}  // namespace balancefs
