#include "daemon/server_kind.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace balancefs {
namespace {

/// Keeps the beginning of a body; more than a settings page ever has is refused.
class TextSink final : public ByteSink {
 public:
  std::uint64_t position() const override { return text_.size(); }
  Result<void> write(std::span<const std::byte> bytes) override {
    constexpr std::size_t kLargest = 256 * 1024;
    if (text_.size() + bytes.size() > kLargest) return fail(ErrorKind::too_large, "page too large");
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Takes a body of status 200 into the sink, where there is one, and drops every other.
class PageBody final : public BodyHandler {
 public:
  explicit PageBody(ByteSink* sink) : sink_(sink) {}
  Result<ByteSink*> begin(const ResponseHead& head) override { return head.status == 200 ? sink_ : nullptr; }

 private:
  ByteSink* sink_;
};

/// "https://host/dav/x" to "https://host/api/public/settings"; empty when the path has no "/dav".
std::string settings_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  if (path == std::string::npos) return {};
  const std::size_t dav = (url + "/").find("/dav/", path);
  return dav == std::string::npos ? std::string() : url.substr(0, dav) + "/api/public/settings";
}

}  // namespace

std::string alist_version_of(std::string_view settings) {
  constexpr std::string_view kKey = "\"version\":\"";
  constexpr std::string_view kVersionCharacters = "0123456789.vabcdefghijklmnopqrstuwxyz-+";
  const std::size_t key = settings.find(kKey);
  if (key == std::string_view::npos) return {};
  const std::string_view rest = settings.substr(key + kKey.size());
  const std::string_view version = rest.substr(0, rest.find('"'));
  const bool legal =
      version.size() <= 32 && version.find_first_not_of(kVersionCharacters) == std::string_view::npos;
  return legal ? std::string(version) : std::string();
}

Task<ServerKind> ask_server_kind(HttpTransport& http, const StorageOptions& storage, RequestContext& why) {
  ServerKind kind;
  HttpRequest request;
  request.method = "OPTIONS";
  request.url = storage.url + "/";
  request.options = std::make_shared<HttpOptions>(storage.http);
  PageBody nothing(nullptr);
  const Result<ResponseHead> head = co_await http.send(request, nothing, why);
  const std::string* server = head ? head->header("server") : nullptr;
  if (server != nullptr) kind.software = server->substr(0, 60);

  const std::string settings = settings_url(storage.url);
  if (settings.empty() || !head) co_return kind;
  request.method = "GET";
  request.url = settings;
  request.send_credentials = false;
  TextSink text;
  PageBody page(&text);
  const Result<ResponseHead> answer = co_await http.send(request, page, why);
  if (answer && answer->status == 200) kind.alist_version = alist_version_of(text.text());
  co_return kind;
}

}  // namespace balancefs
