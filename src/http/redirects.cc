#include "http/redirects.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/url.h"

namespace balancefs {
namespace {

std::unexpected<Error> refuse(ErrorKind kind, const HttpRequest& request, std::string_view what) {
  return fail(kind, fmt::format("{} {}: {}", request.method, without_secrets(request.url), what));
}

/// Drops the bodies of redirects, passes everything else on.
class FinalOnly final : public BodyHandler {
 public:
  explicit FinalOnly(BodyHandler& body) : body_(body) {}
  Result<ByteSink*> begin(const ResponseHead& head) override {
    if (is_redirect(head.status)) return nullptr;
    return body_.begin(head);
  }

 private:
  BodyHandler& body_;
};

}  // namespace

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_from_cache(const ResponseHead& redirect) {
  const std::string* age = redirect.header("age");
  return age != nullptr && parse_number(trim(*age)).value_or(0) > 0;
}

Result<void> follow_redirect(HttpRequest& request, const ResponseHead& head, const std::string& origin) {
  const std::string* location = head.header("location");
  if (location == nullptr) return refuse(ErrorKind::corrupted, request, "a redirect that says not where to");
  const auto target = resolve_url(request.url, *location);
  if (!target) return refuse(ErrorKind::corrupted, request, "a redirect to something that is no http URL");
  if (head.status == 303 && request.method != "GET" && request.method != "HEAD") {
    return refuse(ErrorKind::corrupted, request, "redirected to another page (303)");
  }
  const bool downgrade = is_https(request.url) && !is_https(*target);
  if (downgrade && (!request.bulk || same_host(origin, *target))) {
    return refuse(
        ErrorKind::denied, request,
        fmt::format("redirected from https to {}, which is not encrypted", without_secrets(*target)));
  }
  request.url = *target;
  request.send_credentials = request.send_credentials && origin_of(*target) == origin;
  return {};
}

Task<Result<ResponseHead>> send_following(HttpTransport& http, HttpRequest request, BodyHandler& body,
                                          RequestContext& why) {
  const std::string origin = origin_of(request.url).value_or(std::string());
  FinalOnly final_only(body);
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    HttpRequest attempt = request;
    Result<ResponseHead> head = co_await http.send(std::move(attempt), final_only, why);
    if (!head || !is_redirect(head->status)) co_return head;
    const Result<void> next = follow_redirect(request, *head, origin);
    if (!next) co_return std::unexpected<Error>(next.error());
  }
  co_return refuse(ErrorKind::corrupted, request, "more than five redirects");
}

}  // namespace balancefs
