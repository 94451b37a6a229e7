// What libcurl's result codes mean as an ErrorKind. A pure table.
#pragma once

#include <curl/curl.h>

#include "balancefs/error.h"

namespace balancefs {

/// `sent`: the connection stood and the request was on its way, so that a timeout is a stall.
ErrorKind curl_error_kind(CURLcode code, bool sent);

}  // namespace balancefs
