// Redirects by our own rule.
//
// At most five hops. Credentials go to the scheme, host and port of the first URL only. Nothing goes from
// https to http, but for file data on another host: what AList's storages hand out, signed by the link
// itself. A 303 is followed for GET and HEAD. Loop thread.
#pragma once

#include <string>

#include "balancefs/http.h"

namespace balancefs {

constexpr int kMostRedirects = 5;

/// 301, 302, 303, 307, 308.
bool is_redirect(int status);
/// Whether a cache kept this redirect: its Age is more than 0 (0 is what Varnish says of fresh ones, too).
bool is_from_cache(const ResponseHead& redirect);
/// Turns `request` into the next one, after `head` answered it with a redirect. `origin` is origin_of() the
/// first URL. An error when the target makes no sense (`corrupted`) or the rule forbids it (`denied`).
Result<void> follow_redirect(HttpRequest& request, const ResponseHead& head, const std::string& origin);

/// send(), with redirects followed. `body` sees the final head alone. The result's url is the final one's.
Task<Result<ResponseHead>> send_following(HttpTransport& http, HttpRequest request, BodyHandler& body,
                                          RequestContext& why);

}  // namespace balancefs
