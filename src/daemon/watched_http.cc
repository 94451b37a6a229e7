#include "daemon/watched_http.h"

#include "http/response_fields.h"
#include "http/url.h"

namespace balancefs {

/// Sees every head, also of answers that the reader refuses.
class WatchedHttp::Watch final : public BodyHandler {
 public:
  Watch(WatchedHttp& owner, std::string host, BodyHandler& body)
      : owner_(owner), host_(std::move(host)), body_(body) {}
  Result<ByteSink*> begin(const ResponseHead& head) override {
    const bool data = head.status == 200 || head.status == 206;
    if (data) owner_.data_validators_[host_].push_back(validator_of(head, owner_.etags_));
    return body_.begin(head);
  }

 private:
  WatchedHttp& owner_;
  std::string host_;
  BodyHandler& body_;
};

Task<Result<ResponseHead>> WatchedHttp::send(HttpRequest request, BodyHandler& body, RequestContext& why) {
  if (!request.bulk) co_return co_await http_.send(std::move(request), body, why);
  Watch watch(*this, authority_of(request.url).value_or(std::string()), body);
  co_return co_await http_.send(std::move(request), watch, why);
}

}  // namespace balancefs
