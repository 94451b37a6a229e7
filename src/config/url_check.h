// A storage's URL as a user wrote it, made fit for requests or refused with what to write instead.
// Pure. Messages never repeat userinfo, query or fragment: people paste tokens there.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace balancefs {

/// Gives scheme and host in lower case, the path percent-encoded where it was not, without trailing slash.
/// The error is one clause about the URL: "'example.com/dav' has no scheme; write https://...".
std::expected<std::string, std::string> check_url(std::string_view text);

/// A proxy: "none", or http, https, socks5 or socks5h with host and port; userinfo is allowed there, since a
/// proxy has no other key for it. Same result and error.
std::expected<std::string, std::string> check_proxy(std::string_view text);

}  // namespace balancefs
