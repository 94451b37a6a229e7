#include "http/curl_request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "http/url.h"

namespace balancefs {
namespace {

constexpr std::size_t kIdleHandles = 32;
// Room for one recv(). Data gains nothing measurable above 128 KiB, and 400 parts at once must not hold 100
// MiB.
constexpr long kDataBuffer = 128 * 1024;
constexpr long kMetadataBuffer = 32 * 1024;
constexpr long kLowSpeed = 1024;  // bytes per second, docs/SEMANTICS.md "Health"
// A connection whose packets are not acknowledged for so long is dead; without it a vanished peer of a shared
// HTTP/2 connection would swallow requests for the kernel's quarter of an hour.
constexpr unsigned int kUnacknowledgedMs = 20'000;
constexpr long kKeepAliveSeconds = 30;
// Idle connections are used again for so long (libcurl's default is 118 s): a handshake in front of the first
// byte is what a film that begins shows. One that the server has closed meanwhile is noticed and costs
// nothing.
constexpr long kIdleConnectionSeconds = 300;

using Auth = HttpOptions::Auth;

long milliseconds(Duration duration) {
  return std::max<long>(1, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

int on_new_socket(void*, curl_socket_t fd, curlsocktype) {
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMs, sizeof kUnacknowledgedMs);
  return CURL_SOCKOPT_OK;
}

void apply_fixed(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // never wait for a resolver thread
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &on_new_socket);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleConnectionSeconds);
}

void apply_connection(CURL* easy, const HttpRequest& request) {
  const HttpOptions& options = *request.options;
  // Without TLS there is no HTTP/2 here, and PIPEWAIT would hold every request back until the first was
  // answered.
  const bool http2 = options.http2 && !request.bulk && is_https(request.url);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, request.bulk ? kDataBuffer : kMetadataBuffer);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
  const bool direct = options.proxy == "none";
  curl_easy_setopt(easy, CURLOPT_PROXY, direct ? "" : text_or_null(options.proxy));
  const long stall =
      request.stall_timeout == Duration(0) ? 0L : std::max(1L, milliseconds(request.stall_timeout) / 1000);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, stall == 0 ? 0L : kLowSpeed);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall);
}

void apply_tls(CURL* easy, const HttpRequest& request) {
  const HttpOptions& options = *request.options;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  // libcurl's default file is set when the handle is made; a handle stays with its options, so leave it.
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  const bool known = request.send_credentials;
  curl_easy_setopt(easy, CURLOPT_SSLCERT, known ? text_or_null(options.client_certificate) : nullptr);
  curl_easy_setopt(easy, CURLOPT_SSLKEY, known ? text_or_null(options.client_key) : nullptr);
}

void apply_credentials(CURL* easy, const HttpRequest& request, unsigned long scheme) {
  const HttpOptions& options = *request.options;
  const bool password = (scheme & (CURLAUTH_BASIC | CURLAUTH_DIGEST)) != 0;
  const bool bearer = scheme == CURLAUTH_BEARER;
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
                   static_cast<long>(scheme == CURLAUTH_NONE ? CURLAUTH_BASIC : scheme));
  curl_easy_setopt(easy, CURLOPT_USERNAME, password ? options.user.c_str() : nullptr);
  curl_easy_setopt(easy, CURLOPT_PASSWORD, password ? options.password.reveal().c_str() : nullptr);
  curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, bearer ? options.token.reveal().c_str() : nullptr);
}

void apply_method(CURL* easy, const HttpRequest& request) {
  const bool plain = request.method == "GET" || request.method == "HEAD";
  curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? nullptr : request.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   request.body.empty() ? curl_off_t(-1) : static_cast<curl_off_t>(request.body.size()));
  if (request.body.empty()) curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);  // POSTFIELDS made it a POST
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plain ? nullptr : request.method.c_str());
}

void append(CurlList& list, const std::string& line) {
  BALANCEFS_CHECK(line.find_first_of("\r\n") == std::string::npos);
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  BALANCEFS_CHECK(longer != nullptr);
  static_cast<void>(list.release());
  list.reset(longer);
}

CurlList header_list(const HttpRequest& request) {
  CurlList list;
  append(list, "Accept-Encoding: identity");
  append(list, "Expect:");  // no waiting for 100-continue
  bool typed = false;
  for (const HttpHeader& header : request.headers) {
    typed = typed || header.name == "Content-Type";
    append(list, header.name + ": " + header.value);
  }
  if (!typed) append(list, "Content-Type:");  // libcurl would claim a form
  return list;
}

std::string memory_key(const HttpRequest& request) {
  return origin_of(request.url).value_or(std::string()) + " " + request.options->user;
}

}  // namespace

CurlEasy CurlEasyPool::take(const HttpRequest& request) {
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if (it->options != request.options || it->credentials != request.send_credentials) continue;
    CurlEasy easy = std::move(it->easy);
    idle_.erase(std::next(it).base());
    return easy;
  }
  CurlEasy easy(curl_easy_init());
  BALANCEFS_CHECK(easy != nullptr);
  return easy;
}

void CurlEasyPool::give(CurlEasy easy, const HttpRequest& request) {
  if (idle_.size() == kIdleHandles) idle_.erase(idle_.begin());
  idle_.emplace_back(std::move(easy), request.options, request.send_credentials);
}

unsigned long AuthMemory::scheme(const HttpRequest& request) const {
  const HttpOptions& options = *request.options;
  if (!request.send_credentials) return CURLAUTH_NONE;
  switch (options.auth) {
    case Auth::none:
      return CURLAUTH_NONE;
    case Auth::bearer:
      return CURLAUTH_BEARER;
    case Auth::basic:
      return CURLAUTH_BASIC;
    case Auth::digest:
      return CURLAUTH_DIGEST;
    case Auth::automatic:
      break;
  }
  if (!options.token.empty()) return CURLAUTH_BEARER;
  if (options.user.empty()) return CURLAUTH_NONE;
  const auto known = learned_.find(memory_key(request));
  return known == learned_.end() ? CURLAUTH_BASIC | CURLAUTH_DIGEST : known->second;
}

void AuthMemory::learn(CURL* easy, const HttpRequest& request, int status) {
  const HttpOptions& options = *request.options;
  if (options.auth != Auth::automatic || options.user.empty() || !request.send_credentials) return;
  long offered = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTPAUTH_AVAIL, &offered);
  const auto schemes = static_cast<unsigned long>(offered);
  if (status == 401) {
    learned_.erase(memory_key(request));
  } else if ((schemes & CURLAUTH_DIGEST) != 0) {
    learned_[memory_key(request)] = CURLAUTH_DIGEST;
  } else if ((schemes & CURLAUTH_BASIC) != 0) {
    learned_[memory_key(request)] = CURLAUTH_BASIC;
  }
}

CurlList apply_request(CURL* easy, const HttpRequest& request, unsigned long auth_scheme) {
  apply_fixed(easy);
  apply_connection(easy, request);
  apply_tls(easy, request);
  apply_credentials(easy, request, auth_scheme);
  apply_method(easy, request);
  CurlList headers = header_list(request);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, text_or_null(request.options->user_agent));
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  return headers;
}

}  // namespace balancefs
