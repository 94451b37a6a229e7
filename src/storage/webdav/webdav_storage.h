// A WebDAV server's folder as a Storage: PROPFIND for names and attributes, GET with ranges for data.
//
// Flows only; the wire format is in webdav_wire, the meaning of hrefs in dav_listing. One request per call in
// the ordinary case, redirects and rare fallbacks aside. Loop thread; the transport must outlive it.
#pragma once

#include <memory>

#include "balancefs/http.h"
#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "http/range_reader.h"

namespace balancefs {

class WebdavStorage final : public Storage {
 public:
  WebdavStorage(const StorageOptions& options, HttpTransport& http);

  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override;

 private:
  /// PROPFIND with Depth 0.
  Task<Result<ObjectInfo>> properties(Path path, bool slash, RequestContext& why);
  /// HEAD of a file, where PROPFIND gave no size.
  Task<Result<ObjectInfo>> head(Path path, RequestContext& why);
  HttpRequest request(std::string method, const Path& path, bool slash) const;

  StorageTraits traits_;
  HttpTransport& http_;
  std::shared_ptr<const HttpOptions> options_;
  std::string url_;
  bool etags_;
  std::shared_ptr<DataLocation> location_ = std::make_shared<DataLocation>();
};

}  // namespace balancefs
