// One storage's requests as `check` sees them: passes them on, and keeps what servers and proxies give away
// by their heads. Loop thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "balancefs/http.h"
#include "balancefs/object.h"

namespace balancefs {

class WatchedHttp final : public HttpTransport {
 public:
  /// `http` outlives this. `etags`: as in the storage's options; false leaves them out of data_validators().
  WatchedHttp(HttpTransport& http, bool etags) : http_(http), etags_(etags) {}

  Task<Result<ResponseHead>> send(HttpRequest request, BodyHandler& body, RequestContext& why) override;
  Clock* clock() override { return http_.clock(); }
  /// Kept, not passed on: `check` prints it, nobody logs it.
  void redirect_was_cached(const std::string&) override { cached_redirect_ = true; }

  bool cached_redirect() const { return cached_redirect_; }
  /// The validators of file data in the order of the answers, by the host that gave them.
  using ByHost = std::map<std::string, std::vector<Validator>>;
  const ByHost& data_validators() const { return data_validators_; }
  void forget_data() { data_validators_.clear(); }

 private:
  class Watch;

  HttpTransport& http_;
  bool etags_;
  ByHost data_validators_;
  bool cached_redirect_ = false;
};

}  // namespace balancefs
