// Who may see the page and who may press its buttons. Pure.
//
// Without a password only this machine connects, and the danger is a browser on it that shows somebody
// else's page: one that leads its own name here (DNS rebinding) has the wrong Host, one that posts here has
// the wrong Origin and cannot know the token. With a password neither gets past it, and any Host is right,
// for servers in front of this one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "balancefs/options.h"
#include "web/web_request.h"

namespace balancefs {

struct AccessRules {
  Secret password;    ///< empty: none is asked for
  std::string token;  ///< what a change has to name; of this run

  AccessRules() = default;
};

/// The refusal of a request that may not see anything.
std::optional<WebAnswer> refuse_visit(const WebRequest& request, const AccessRules& rules);
/// The refusal of one that may not change anything, or is not JSON.
std::optional<WebAnswer> refuse_change(const WebRequest& request, const AccessRules& rules);

/// Takes as long for a wrong beginning as for a wrong end.
bool same_secret(std::string_view given, std::string_view expected);
/// 128 bits in hexadecimal from the kernel.
std::string random_token();

}  // namespace balancefs
