#include "storage/http_index/http_index_storage.h"

#include <fmt/format.h>

#include <array>

#include "base/log.h"
#include "base/text.h"
#include "http/http_errors.h"
#include "http/range_reader.h"
#include "http/redirects.h"
#include "http/response_fields.h"
#include "http/url.h"
#include "storage/http_index/index_wire.h"

namespace balancefs {
namespace {

// A server that sends less than 1 KiB/s for so long is not making a listing; callers have shorter deadlines.
constexpr Duration kMetadataStall = std::chrono::seconds(60);

bool is_html(std::string_view type) {
  return type == "text/html" || type == "application/xhtml+xml";
}
bool is_json(std::string_view type) {
  return type == "application/json" || type == "text/json";
}

// Files that a server may rightly send as text/html. For any other name such an answer is somebody's page.
bool may_be_page(std::string_view name) {
  constexpr std::array<std::string_view, 10> kEndings = {".html", ".htm", ".xhtml", ".xht", ".shtml",
                                                         ".php",  ".asp", ".aspx",  ".jsp", ".cgi"};
  const std::string lower = to_lower(name);
  for (const std::string_view ending : kEndings) {
    if (lower.ends_with(ending)) return true;
  }
  return false;
}

bool is_foreign_page(const Path& path, const ResponseHead& head) {
  return is_html(media_type(head)) && !may_be_page(path.name());
}

/// Picks the parser by the media type and streams the page through it.
class IndexBody final : public BodyHandler, public ByteSink {
 public:
  explicit IndexBody(IndexParser::OnEntry on_entry) : on_entry_(std::move(on_entry)) {}

  Result<ByteSink*> begin(const ResponseHead& head) override {
    if (head.status != 200) return std::unexpected<Error>(http_error("GET", head));
    const std::string type = media_type(head);
    if (is_json(type)) {
      parser_ = make_json_index_parser(std::move(on_entry_));
    } else if (is_html(type)) {
      parser_ = make_html_index_parser(head.url, std::move(on_entry_));
    } else {
      no_page_ = true;
      return fail(ErrorKind::corrupted, fmt::format("GET {}: no index page but '{}'", head.url, type));
    }
    return this;
  }
  std::uint64_t position() const override { return position_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    position_ += bytes.size();
    return parser_->feed(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  Result<void> finish() { return parser_->finish(); }
  /// Data came where a page was asked for: some servers send a file whatever slash follows its name.
  bool no_page() const { return no_page_; }

 private:
  IndexParser::OnEntry on_entry_;
  std::unique_ptr<IndexParser> parser_;
  std::uint64_t position_ = 0;
  bool no_page_ = false;
};

class NoBody final : public BodyHandler {
 public:
  Result<ByteSink*> begin(const ResponseHead&) override { return nullptr; }
};

/// For probes.
class NoEntries final : public ListingSink {
 public:
  Result<void> entry(std::string_view, const ObjectInfo&) override { return {}; }
  void member_done(MemberIndex, const Result<void>&) override {}
};

ObjectInfo to_object_info(const IndexEntry& entry) {
  ObjectInfo info;
  info.validator.modified = entry.modified;
  if (entry.directory) {
    info.type = ObjectType::directory;
    return info;
  }
  info.size = entry.size;
  info.size_kind = entry.size_kind;
  return info;
}

ObjectInfo directory_info() {
  ObjectInfo info;
  info.type = ObjectType::directory;
  return info;
}

bool redirects_to_slash(const HttpRequest& asked, const ResponseHead& head) {
  const std::string* location = is_redirect(head.status) ? head.header("location") : nullptr;
  if (location == nullptr) return false;
  const auto target = resolve_url(asked.url, *location);
  if (!target) return false;
  // Behind a proxy the server's own idea of scheme, host and prefix may differ; the last component does not.
  const std::string wanted = asked.url.substr(asked.url.rfind('/')) + '/';
  const std::string path = target->substr(0, target->find('?'));
  const auto same = [](std::string_view a, std::string_view b) {
    return percent_decode(a) == percent_decode(b);
  };
  return path.size() >= wanted.size() && path.ends_with('/') &&
         same(path.substr(path.rfind('/', path.size() - 2)), wanted);
}

}  // namespace

HttpIndexStorage::HttpIndexStorage(const StorageOptions& options, HttpTransport& http)
    : http_(http),
      options_(std::make_shared<const HttpOptions>(options.http)),
      url_(options.url),
      etags_(options.etags) {
  traits_.name = options.path;
  traits_.type = "http";
  while (url_.ends_with('/')) url_.pop_back();
}

HttpRequest HttpIndexStorage::request(std::string method, const Path& path, bool slash) const {
  HttpRequest out;
  out.method = std::move(method);
  out.url = url_;
  if (!path.is_root()) out.url += '/' + percent_encode(path.str(), true);
  if (slash || path.is_root()) out.url += '/';
  out.options = options_;
  out.stall_timeout = kMetadataStall;
  return out;
}

Task<Result<void>> HttpIndexStorage::list(Path directory, ListingSink& entries, RequestContext& why) {
  bool minutes_only = false;
  IndexParser::OnEntry on_entry = [&](const IndexEntry& entry) {
    minutes_only = minutes_only || (entry.modified && entry.minutes_only);
    return entries.entry(entry.name, to_object_info(entry));
  };
  IndexBody body(std::move(on_entry));
  HttpRequest get = request("GET", directory, true);
  get.headers.emplace_back("Accept", "application/json, text/html;q=0.9");
  const Result<ResponseHead> head = co_await send_following(http_, std::move(get), body, why);
  if (!head) {
    if (!body.no_page() || directory.is_root()) co_return std::unexpected<Error>(head.error());
    const Result<ObjectInfo> itself = co_await stat(directory, why);
    if (itself && itself->type == ObjectType::file)
      co_return fail(ErrorKind::not_found, "GET: a file, not a folder");
    co_return std::unexpected<Error>(head.error());
  }
  if (auto ended = body.finish(); !ended) {
    co_return fail(ended.error().kind, fmt::format("GET {}: {}", head->url, ended.error().text));
  }
  minutes_only_ = minutes_only;
  co_return Result<void>();
}

Task<Result<ResponseHead>> HttpIndexStorage::head(Path path, bool slash, bool one_byte, RequestContext& why) {
  NoBody body;
  HttpRequest asked = request(one_byte ? "GET" : "HEAD", path, slash);
  if (one_byte) asked.headers.emplace_back("Range", "bytes=0-0");
  if (why.checksums) asked.headers.emplace_back("Want-Repr-Digest", "sha-256=1");
  HttpRequest first = asked;
  Result<ResponseHead> direct = co_await http_.send(std::move(first), body, why);
  if (!direct || !is_redirect(direct->status) || redirects_to_slash(asked, *direct)) co_return direct;
  co_return co_await send_following(http_, std::move(asked), body, why);
}

Task<Result<ObjectInfo>> HttpIndexStorage::stat_directory(Path path, RequestContext& why) {
  const Result<ResponseHead> answer = co_await head(path, true, false, why);
  if (!answer) co_return std::unexpected<Error>(answer.error());
  if (answer->status != 200) co_return std::unexpected<Error>(http_error("HEAD", *answer));
  const std::string type = media_type(*answer);
  if (!is_html(type) && !is_json(type)) {
    co_return fail(ErrorKind::corrupted, fmt::format("HEAD {}: no index page but '{}'", answer->url, type));
  }
  co_return directory_info();
}

Result<ObjectInfo> HttpIndexStorage::file_info(const Path& path, const ResponseHead& head) const {
  if (is_foreign_page(path, head)) {
    return fail(ErrorKind::corrupted, fmt::format("HEAD {}: a page instead of a file", head.url));
  }
  auto size = content_length(head);
  if (head.status == 206) {
    const std::string* range = head.header("content-range");
    const auto parsed = range == nullptr ? std::nullopt : parse_content_range(*range);
    size = parsed ? parsed->total : std::nullopt;
  }
  if (!size) return fail(ErrorKind::unsupported, fmt::format("HEAD {}: the server tells no size", head.url));
  ObjectInfo info;
  info.size = *size;
  info.validator = validator_of(head, etags_);
  info.checksum = checksums_of(head);
  if (minutes_only_ && info.validator.modified) {
    info.validator.modified = std::chrono::floor<std::chrono::minutes>(*info.validator.modified);
  }
  return info;
}

Task<Result<ObjectInfo>> HttpIndexStorage::stat(Path path, RequestContext& why) {
  if (path.is_root()) co_return co_await stat_directory(path, why);
  Result<ResponseHead> answer = co_await head(path, false, false, why);
  if (!answer) co_return std::unexpected<Error>(answer.error());
  if (redirects_to_slash(request("HEAD", path, false), *answer)) co_return directory_info();
  // Links that are signed for GET refuse HEAD, and some servers never heard of it.
  const bool refused = answer->status == 403 || answer->status == 405 || answer->status == 501;
  const bool sizeless = answer->status == 200 && !content_length(*answer) && !is_foreign_page(path, *answer);
  if (refused || sizeless) {
    answer = co_await head(path, false, true, why);
    if (!answer) co_return std::unexpected<Error>(answer.error());
    // An empty file has no first byte.
    if (answer->status == 416) {
      ObjectInfo empty;
      empty.validator = validator_of(*answer, etags_);
      co_return empty;
    }
  }
  if (answer->status == 200 || answer->status == 206) co_return file_info(path, *answer);
  if (answer->status != 404) co_return std::unexpected<Error>(http_error("HEAD", *answer));
  // rclone knows its folders with the slash only.
  const Error missing = http_error("HEAD", *answer);
  Result<ObjectInfo> folder = co_await stat_directory(path, why);
  if (!folder && folder.error().kind == ErrorKind::corrupted) co_return std::unexpected<Error>(missing);
  co_return folder;
}

std::unique_ptr<ObjectReader> HttpIndexStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  const std::string url = request("GET", version->path_of(self), false).url;
  return make_range_reader(http_, options_, url, std::move(version), self, etags_, location_);
}

// A login page answers HEAD like anything else: only the root's own index proves that the server makes sense.
Task<Result<void>> HttpIndexStorage::probe(RequestContext& why) {
  NoEntries entries;
  const Path root;
  const Result<void> listed = co_await list(root, entries, why);
  co_return listed;
}

Task<void> HttpIndexStorage::close() {
  co_return;
}

}  // namespace balancefs
