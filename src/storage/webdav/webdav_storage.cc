#include "storage/webdav/webdav_storage.h"

#include <fmt/format.h>

#include "base/checksums.h"
#include "base/text.h"
#include "http/http_errors.h"
#include "http/range_reader.h"
#include "http/redirects.h"
#include "http/response_fields.h"
#include "storage/webdav/dav_listing.h"
#include "storage/webdav/webdav_wire.h"

namespace balancefs {
namespace {

// A server that sends less than 1 KiB/s for so long is not making a listing; callers have shorter deadlines.
constexpr Duration kMetadataStall = std::chrono::seconds(60);

/// Checks the head of a PROPFIND and streams its body through the parser into `on_response`.
class MultistatusBody final : public BodyHandler, public ByteSink {
 public:
  using OnHead = std::function<void(const ResponseHead&)>;
  MultistatusBody(OnHead on_head, MultistatusParser::OnResponse on_response)
      : on_head_(std::move(on_head)), parser_(std::move(on_response)) {}

  Result<ByteSink*> begin(const ResponseHead& head) override {
    if (head.status == 405 || head.status == 501) {
      return fail(ErrorKind::unsupported,
                  fmt::format("PROPFIND {}: status {}: not a WebDAV server", head.url, head.status));
    }
    if (head.status >= 200 && head.status < 300 && head.status != 207) {
      return fail(
          ErrorKind::corrupted,
          fmt::format("PROPFIND {}: a page (status {}) instead of a multistatus", head.url, head.status));
    }
    if (head.status != 207) return std::unexpected<Error>(http_error("PROPFIND", head));
    on_head_(head);
    return this;
  }
  std::uint64_t position() const override { return position_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    position_ += bytes.size();
    return parser_.feed(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  Result<void> finish() { return parser_.finish(); }

 private:
  OnHead on_head_;
  MultistatusParser parser_;
  std::uint64_t position_ = 0;
};

/// Accepts any head, keeps nothing.
class NoBody final : public BodyHandler {
 public:
  Result<ByteSink*> begin(const ResponseHead&) override { return nullptr; }
};

}  // namespace

WebdavStorage::WebdavStorage(const StorageOptions& options, HttpTransport& http)
    : http_(http),
      options_(std::make_shared<const HttpOptions>(options.http)),
      url_(options.url),
      etags_(options.etags) {
  traits_.name = options.path;
  traits_.type = "webdav";
  while (url_.ends_with('/')) url_.pop_back();
}

HttpRequest WebdavStorage::request(std::string method, const Path& path, bool slash) const {
  HttpRequest out;
  out.method = std::move(method);
  out.url = url_;
  if (!path.is_root()) out.url += '/' + percent_encode(path.str(), true);
  if (slash || path.is_root()) out.url += '/';
  out.options = options_;
  out.stall_timeout = kMetadataStall;
  if (out.method == "PROPFIND") {
    out.headers.emplace_back("Content-Type", "application/xml; charset=utf-8");
    out.headers.emplace_back("Accept", "application/xml, text/xml");
    out.body = propfind_body();
  }
  return out;
}

Task<Result<void>> WebdavStorage::list(Path directory, ListingSink& entries, RequestContext& why) {
  DavListing listing(traits_.name, etags_, entries);
  MultistatusBody::OnHead on_head = [&](const ResponseHead& head) { listing.set_request_url(head.url); };
  MultistatusParser::OnResponse on_response = [&](const DavResponse& response) {
    return listing.add(response);
  };
  MultistatusBody body(std::move(on_head), std::move(on_response));
  HttpRequest propfind = request("PROPFIND", directory, true);
  propfind.headers.emplace_back("Depth", "1");
  const Result<ResponseHead> head = co_await send_following(http_, std::move(propfind), body, why);
  if (!head) {
    // Asked about a file with a trailing slash, Apache says 400 and lighttpd 403.
    const bool ambiguous =
        head.error().kind == ErrorKind::corrupted ||
        (head.error().kind == ErrorKind::denied && head.error().detail == Error::Detail::none);
    if (!ambiguous || directory.is_root() || body.position() > 0)
      co_return std::unexpected<Error>(head.error());
    const Result<ObjectInfo> itself = co_await properties(directory, false, why);
    if (itself && itself->type == ObjectType::file)
      co_return fail(ErrorKind::not_found, "PROPFIND: not a directory");
    co_return std::unexpected<Error>(head.error());
  }
  if (auto ended = body.finish(); !ended) co_return ended;
  co_return listing.finish();
}

Task<Result<ObjectInfo>> WebdavStorage::properties(Path path, bool slash, RequestContext& why) {
  // With Depth 0 there is one response, whatever it calls itself.
  std::optional<DavResponse> answer;
  MultistatusBody::OnHead on_head = [](const ResponseHead&) {};
  MultistatusParser::OnResponse on_response = [&](const DavResponse& response) {
    if (!answer) answer = response;
    return Result<void>();
  };
  MultistatusBody body(std::move(on_head), std::move(on_response));
  HttpRequest propfind = request("PROPFIND", path, slash);
  propfind.headers.emplace_back("Depth", "0");
  const Result<ResponseHead> head = co_await send_following(http_, std::move(propfind), body, why);
  if (!head) co_return std::unexpected<Error>(head.error());
  if (auto ended = body.finish(); !ended) co_return std::unexpected<Error>(ended.error());
  if (!answer) co_return fail(ErrorKind::corrupted, "PROPFIND: a multistatus without an answer");
  if (answer->status < 200 || answer->status > 299) {
    ResponseHead said;
    said.status = answer->status;
    said.url = head->url;
    co_return std::unexpected<Error>(http_error("PROPFIND", said));
  }
  const bool collection = answer->collection.value_or(answer->href.ends_with('/'));
  co_return to_object_info(*answer, collection, etags_);
}

Task<Result<ObjectInfo>> WebdavStorage::head(Path path, RequestContext& why) {
  NoBody body;
  HttpRequest asked = request("HEAD", path, false);
  if (why.checksums) asked.headers.emplace_back("Want-Repr-Digest", "sha-256=1");
  const Result<ResponseHead> head = co_await send_following(http_, std::move(asked), body, why);
  if (!head) co_return std::unexpected<Error>(head.error());
  if (head->status != 200) co_return std::unexpected<Error>(http_error("HEAD", *head));
  const auto length = content_length(*head);
  if (!length)
    co_return fail(ErrorKind::unsupported, fmt::format("HEAD {}: the server tells no size", head->url));
  ObjectInfo info;
  info.size = *length;
  info.validator = validator_of(*head, etags_);
  info.checksum = checksums_of(*head);
  co_return info;
}

Task<Result<ObjectInfo>> WebdavStorage::stat(Path path, RequestContext& why) {
  Result<ObjectInfo> info = co_await properties(path, path.is_root(), why);
  if (!info) co_return info;
  if (info->type == ObjectType::directory) co_return info;
  const bool sized = info->size_kind == SizeKind::exact;
  if (sized && !why.checksums) co_return info;
  const Result<ObjectInfo> measured = co_await head(path, why);
  // Without checksums, and of another state of the file, the answer stays what it was.
  if (sized && (!measured || measured->size != info->size)) co_return info;
  if (!measured) co_return measured;
  info->checksum = normal_checksums(info->checksum + ' ' + measured->checksum);
  // The validator stays the one that listings give, where they give one.
  info->size = measured->size;
  info->size_kind = SizeKind::exact;
  co_return info;
}

std::unique_ptr<ObjectReader> WebdavStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  const std::string url = request("GET", version->path_of(self), false).url;
  return make_range_reader(http_, options_, url, std::move(version), self, etags_, location_);
}

Task<Result<void>> WebdavStorage::probe(RequestContext& why) {
  const Path root;
  const Result<ObjectInfo> info = co_await properties(root, true, why);
  if (!info) co_return std::unexpected<Error>(info.error());
  if (info->type != ObjectType::directory)
    co_return fail(ErrorKind::not_found, "PROPFIND: the root is not a folder");
  co_return Result<void>();
}

Task<void> WebdavStorage::close() {
  co_return;
}

}  // namespace balancefs
