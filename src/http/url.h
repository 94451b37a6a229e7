// URLs: which server one belongs to, and what a relative one means. Pure functions over libcurl's URL parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace balancefs {

/// "https://host:443": scheme, host in lower case and port, the port always written. Absent when `url` is no
/// absolute http or https URL.
std::optional<std::string> origin_of(std::string_view url);
/// "host:443" of such a URL.
std::optional<std::string> authority_of(std::string_view url);
/// Whether it is https.
bool is_https(std::string_view url);
/// Whether both have the same host, whatever scheme and port.
bool same_host(std::string_view one, std::string_view other);

/// `reference` (absolute or relative, spaces and non-ASCII bytes allowed) seen from `base`, percent-encoded,
/// without fragment and userinfo. Absent when the result is no http or https URL.
std::optional<std::string> resolve_url(std::string_view base, std::string_view reference);

}  // namespace balancefs
