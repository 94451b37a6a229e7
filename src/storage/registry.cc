#include "storage/registry.h"

#include "storage/http_index/http_index_storage.h"
#include "storage/local/local_storage.h"
#include "storage/webdav/webdav_storage.h"

namespace balancefs {

bool known_type(std::string_view type) {
  return type == "webdav" || type == "http" || type == "local";
}

Result<std::unique_ptr<Storage>> make_storage(const StorageOptions& options, StorageContext& context) {
  if (options.type == "webdav") return std::make_unique<WebdavStorage>(options, context.http);
  if (options.type == "http") return std::make_unique<HttpIndexStorage>(options, context.http);
  if (options.type == "local")
    return std::make_unique<LocalStorage>(options, context.executor, context.clock);
  return fail(ErrorKind::unsupported, "unknown storage type '" + options.type + "'");
}

}  // namespace balancefs
