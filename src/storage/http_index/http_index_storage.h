// A web server's index pages as a read-only Storage: GET of folders for names, HEAD for exact attributes, GET
// with ranges for data.
//
// Flows only; pages are parsed by index_wire. A listing costs one request, an exact size one more. Loop
// thread; the transport must outlive it.
#pragma once

#include <memory>

#include "balancefs/http.h"
#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "http/range_reader.h"

namespace balancefs {

class HttpIndexStorage final : public Storage {
 public:
  HttpIndexStorage(const StorageOptions& options, HttpTransport& http);

  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override;

 private:
  HttpRequest request(std::string method, const Path& path, bool slash) const;
  /// One HEAD, or a GET of one byte for servers that refuse HEAD; redirects followed, but one to the same
  /// path with a slash, which is a folder's.
  Task<Result<ResponseHead>> head(Path path, bool slash, bool one_byte, RequestContext& why);
  Task<Result<ObjectInfo>> stat_directory(Path path, RequestContext& why);
  Result<ObjectInfo> file_info(const Path& path, const ResponseHead& head) const;

  StorageTraits traits_;
  HttpTransport& http_;
  std::shared_ptr<const HttpOptions> options_;
  std::string url_;
  bool etags_;
  std::shared_ptr<DataLocation> location_ = std::make_shared<DataLocation>();
  /// The last listing's times were cut off to the minute; stat() cuts its own, so that both are one
  /// validator.
  bool minutes_only_ = false;
};

}  // namespace balancefs
