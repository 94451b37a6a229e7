// The little HTTP that the shaper needs. Pure functions over heads as text.
#pragma once

#include <string>
#include <string_view>

namespace balancefs::test {

/// Bytes of the request at the start of `text`, body included; 0 while its head is incomplete.
std::size_t request_length(std::string_view text);
/// An answer with an empty body. `headers`: complete lines.
std::string plain_answer(std::string_view status, std::string_view headers);
/// `name` in lower case.
std::string without_header(const std::string& message, std::string_view name);
/// The request with `Connection: close`.
std::string closing_request(const std::string& request);
/// Content-Range moved by one byte.
std::string with_shifted_range(const std::string& head);
/// Another ETag, added where there was none.
std::string with_other_etag(const std::string& head);

}  // namespace balancefs::test
