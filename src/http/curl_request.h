// An HttpRequest as options of a curl handle, and the pool of handles.
//
// Every option that any request sets is set for every request: handles are used again without a reset,
// because a reset would forget the Digest nonce and cost each request a refused round trip.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "balancefs/http.h"

namespace balancefs {

struct CurlEasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDelete>;

struct CurlListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDelete>;

/// Idle handles. A handle goes back only to requests with the same options and the same say about
/// credentials: what it learned while authenticating stays with them.
class CurlEasyPool {
 public:
  CurlEasy take(const HttpRequest& request);
  void give(CurlEasy easy, const HttpRequest& request);

 private:
  struct Idle {
    CurlEasy easy;
    std::shared_ptr<const HttpOptions> options;
    bool credentials;
    Idle(CurlEasy handle, std::shared_ptr<const HttpOptions> with, bool known)
        : easy(std::move(handle)), options(std::move(with)), credentials(known) {}
  };
  std::vector<Idle> idle_;
};

/// Which scheme each server asked for under `auth = automatic`, so that only the first request is refused.
class AuthMemory {
 public:
  /// CURLAUTH_ bits for a request.
  unsigned long scheme(const HttpRequest& request) const;
  /// Learns from a finished one.
  void learn(CURL* easy, const HttpRequest& request, int status);

 private:
  std::unordered_map<std::string, unsigned long> learned_;  ///< by origin and user
};

/// `request` must outlive the transfer; the result holds the headers and must, too.
CurlList apply_request(CURL* easy, const HttpRequest& request, unsigned long auth_scheme);

}  // namespace balancefs
