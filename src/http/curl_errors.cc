#include "http/curl_errors.h"

namespace balancefs {

ErrorKind curl_error_kind(CURLcode code, bool sent) {
  // Not a total switch: CURLcode is libcurl's and grows; what is not named is trouble with the network.
  switch (code) {
    case CURLE_PARTIAL_FILE:          // fewer bytes than Content-Length, or the last chunk is missing
    case CURLE_UNSUPPORTED_PROTOCOL:  // no status line (HTTP/0.9)
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_CHUNK_FAILED:
    case CURLE_WRITE_ERROR:  // libcurl's own: it could not make sense of the body
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_TOO_MANY_REDIRECTS:
      return ErrorKind::corrupted;
    // Low speed is the only limit that libcurl keeps once a request was sent (curl_request.cc).
    case CURLE_OPERATION_TIMEDOUT:
      return sent ? ErrorKind::stalled : ErrorKind::timed_out;
    case CURLE_URL_MALFORMAT:
      return ErrorKind::unsupported;
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
      return ErrorKind::denied;
    default:
      return ErrorKind::unavailable;
  }
}

}  // namespace balancefs
