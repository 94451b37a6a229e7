#include "http/url.h"

#include <curl/curl.h>

#include <memory>

#include "base/text.h"

namespace balancefs {
namespace {

struct UrlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDelete>;

constexpr unsigned int kLenient = CURLU_URLENCODE | CURLU_ALLOW_SPACE;

std::optional<std::string> part(const Url& url, CURLUPart which, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

Url parse(std::string_view text) {
  Url url(curl_url());
  const std::string copy(text);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), kLenient) != CURLUE_OK) return nullptr;
  const auto scheme = part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return nullptr;
  return url;
}

}  // namespace

std::optional<std::string> authority_of(std::string_view url) {
  const Url parsed = parse(url);
  if (!parsed) return std::nullopt;
  const auto host = part(parsed, CURLUPART_HOST);
  const auto port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!host || !port) return std::nullopt;
  return to_lower(*host) + ":" + *port;
}

std::optional<std::string> origin_of(std::string_view url) {
  const auto authority = authority_of(url);
  if (!authority) return std::nullopt;
  return (is_https(url) ? "https://" : "http://") + *authority;
}

bool is_https(std::string_view url) {
  const Url parsed = parse(url);
  return parsed && part(parsed, CURLUPART_SCHEME) == "https";
}

bool same_host(std::string_view one, std::string_view other) {
  const Url first = parse(one);
  const Url second = parse(other);
  if (!first || !second) return false;
  return to_lower(part(first, CURLUPART_HOST).value_or("")) ==
         to_lower(part(second, CURLUPART_HOST).value_or(""));
}

std::optional<std::string> resolve_url(std::string_view base, std::string_view reference) {
  const Url url = parse(base);
  if (!url) return std::nullopt;
  const std::string copy(trim(reference));
  if (copy.empty() || curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), kLenient) != CURLUE_OK) {
    return std::nullopt;
  }
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), secret, nullptr, 0);
  }
  const auto resolved = part(url, CURLUPART_URL);
  return resolved && parse(*resolved) ? resolved : std::nullopt;
}

}  // namespace balancefs
