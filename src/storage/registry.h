// From a storage's options to the driver of its type: the one place that knows all drivers.
#pragma once

#include <memory>
#include <string_view>

#include "balancefs/http.h"
#include "balancefs/options.h"
#include "balancefs/storage.h"

namespace balancefs {

/// What drivers are built from. Outlives them.
struct StorageContext {
  Executor executor;
  Clock& clock;
  HttpTransport& http;
  StorageContext(Executor loop, Clock& time, HttpTransport& transport)
      : executor(std::move(loop)), clock(time), http(transport) {}
};

/// Whether `type` is one that make_storage builds: "webdav", "http", "local".
bool known_type(std::string_view type);
/// No I/O on the network. `unsupported` for an unknown type.
Result<std::unique_ptr<Storage>> make_storage(const StorageOptions& options, StorageContext& context);

}  // namespace balancefs
