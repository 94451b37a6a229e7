#include "storage/webdav/webdav_wire.h"

#include <expat.h>

#include <algorithm>
#include <charconv>

#include "base/calendar.h"
#include "base/checksums.h"
#include "base/text.h"
#include "http/response_fields.h"

namespace balancefs {
namespace {

// What no honest server needs. Names are at most 255 bytes of 3 characters each, paths 4096 bytes.
constexpr int kMaxDepth = 64;
constexpr int kMaxAttributes = 64;
constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::int64_t kMaxToken = 1024 * 1024;  // one tag; expat holds it whole
constexpr std::uint64_t kMaxTotal = 1024ULL * 1024 * 1024;
constexpr std::size_t kSlice = 64 * 1024;  // fed to expat at once, so that kMaxToken is noticed in time

constexpr XML_Char kSeparator = '\n';  // between namespace and local name; legal in neither

enum class Element : std::uint8_t {
  other,
  multistatus,
  response,
  href,
  status,
  propstat,
  prop,
  resourcetype,
  collection,
  getcontentlength,
  getlastmodified,
  getetag,
  checksum,
};

Element element_of(std::string_view name) {
  const std::size_t split = name.find(kSeparator);
  if (split == std::string_view::npos) return Element::other;
  const std::string_view space = name.substr(0, split);
  const std::string_view local = name.substr(split + 1);
  if (space == "http://owncloud.org/ns") return local == "checksum" ? Element::checksum : Element::other;
  if (space != "DAV:") return Element::other;
  if (local == "multistatus") return Element::multistatus;
  if (local == "response") return Element::response;
  if (local == "href") return Element::href;
  if (local == "status") return Element::status;
  if (local == "propstat") return Element::propstat;
  if (local == "prop") return Element::prop;
  if (local == "resourcetype") return Element::resourcetype;
  if (local == "collection") return Element::collection;
  if (local == "getcontentlength") return Element::getcontentlength;
  if (local == "getlastmodified") return Element::getlastmodified;
  if (local == "getetag") return Element::getetag;
  return Element::other;
}

// "HTTP/1.1 404 Not Found"; 0 when it is no status line, which no caller takes for a success.
int parse_status_line(std::string_view text) {
  text = trim(text);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return 0;
  text = trim(text.substr(space));
  int status = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), status);
  return read.ec == std::errc() && status >= 100 && status <= 599 ? status : 0;
}

// Larger than what off_t holds is nonsense, not a size.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto size = parse_number(trim(text));
  if (!size || *size > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return size;
}

// Most send HTTP's form, some RFC 3339.
std::optional<FileTime> parse_time(std::string_view text) {
  text = trim(text);
  const bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
  return digit_first ? parse_rfc3339(text) : parse_http_date(text);
}

std::string parse_etag(std::string_view text) {
  text = trim(text);
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.empty() || text == "\"\"") return {};
  // Some servers leave out the quotes in XML but not in the header.
  return text.front() == '"' ? std::string(text) : '"' + std::string(text) + '"';
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

std::string propfind_body() {
  return R"(<?xml version="1.0" encoding="utf-8"?>)"
         R"(<D:propfind xmlns:D="DAV:" xmlns:oc="http://owncloud.org/ns"><D:prop><D:resourcetype/>)"
         R"(<D:getcontentlength/><D:getlastmodified/><D:getetag/><oc:checksums/></D:prop></D:propfind>)";
}

class MultistatusParser::Impl {
 public:
  explicit Impl(OnResponse on_response)
      : on_response_(std::move(on_response)), parser_(XML_ParserCreateNS(nullptr, kSeparator)) {
    BALANCEFS_CHECK(parser_ != nullptr);
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &Impl::on_start, &Impl::on_end);
    XML_SetCharacterDataHandler(parser_, &Impl::on_text);
    XML_SetStartDoctypeDeclHandler(parser_, &Impl::on_doctype);
  }
  ~Impl() { XML_ParserFree(parser_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view slice = bytes.substr(0, kSlice);
      bytes.remove_prefix(slice.size());
      total_ += slice.size();
      if (total_ > kMaxTotal) return fail(ErrorKind::too_large, "a listing of more than 1 GiB");
      if (auto parsed = parse(slice, false); !parsed) return parsed;
      const auto pending = static_cast<std::int64_t>(total_) - XML_GetCurrentByteIndex(parser_);
      if (pending > kMaxToken) return fail(ErrorKind::corrupted, "an XML tag of more than 1 MiB");
    }
    return {};
  }
  Result<void> finish() { return parse({}, true); }

 private:
  Result<void> parse(std::string_view bytes, bool last) {
    if (failure_) return std::unexpected<Error>(*failure_);
    if (XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), last) == XML_STATUS_OK) return {};
    if (!failure_) {
      failure_ = Error(ErrorKind::corrupted,
                       std::string("not a multistatus: ") + XML_ErrorString(XML_GetErrorCode(parser_)));
    }
    return std::unexpected<Error>(*failure_);
  }

  void stop(Error error) {
    if (!failure_) failure_ = std::move(error);
    XML_StopParser(parser_, XML_FALSE);
  }
  void stop(const char* why) { stop(Error(ErrorKind::corrupted, why)); }

  static Impl& self(void* data) { return *static_cast<Impl*>(data); }
  static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(data).stop("a document type in a multistatus");
  }
  static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).start(name, attributes);
  }
  static void on_end(void* data, const XML_Char*) { self(data).end(); }
  static void on_text(void* data, const XML_Char* text, int size) {
    self(data).text(std::string_view(text, static_cast<std::size_t>(size)));
  }

  Element parent() const { return open_.empty() ? Element::other : open_.back(); }

  void start(std::string_view name, const XML_Char** attributes) {
    if (failure_) return;
    int count = 0;
    while (attributes[2 * count] != nullptr) ++count;
    if (count > kMaxAttributes) return stop("too many attributes in a multistatus");
    if (open_.size() >= kMaxDepth) return stop("a multistatus nested too deeply");
    const Element element = element_of(name);
    if (open_.empty() && element != Element::multistatus) return stop("an answer that is no multistatus");
    if (element == Element::response && open_.size() == 1) begin_response();
    if (element == Element::propstat) begin_propstat();
    if (element == Element::resourcetype) propstat_.collection = propstat_.collection.value_or(false);
    if (element == Element::collection && parent() == Element::resourcetype) propstat_.collection = true;
    open_.push_back(element);
    text_.clear();
  }

  void text(std::string_view more) {
    if (failure_) return;
    const Element element = parent();
    if (element == Element::other || element == Element::multistatus || element == Element::response) return;
    if (text_.size() + more.size() > kMaxText) return stop("a text of more than 64 KiB in a multistatus");
    text_.append(more);
  }

  void end() {
    if (failure_) return;
    const Element element = open_.back();
    open_.pop_back();
    switch (element) {
      case Element::href:
        if (parent() == Element::response && response_.href.empty()) response_.href = trim(text_);
        break;
      case Element::status:
        end_status();
        break;
      case Element::propstat:
        end_propstat();
        break;
      case Element::response:
        if (open_.size() == 1) end_response();
        break;
      case Element::getcontentlength:
        propstat_.size = parse_size(text_);
        break;
      case Element::getlastmodified:
        propstat_.modified = parse_time(text_);
        break;
      case Element::getetag:
        propstat_.etag = parse_etag(text_);
        break;
      case Element::checksum:
        // Each in an element of its own, or all in one.
        propstat_.checksum = normal_checksums(propstat_.checksum + ' ' + text_);
        break;
      case Element::multistatus:
      case Element::prop:
      case Element::resourcetype:
      case Element::collection:
      case Element::other:
        break;
    }
    text_.clear();
  }

  void begin_response() {
    response_ = DavResponse();
    own_status_.reset();
    found_ = false;
    worst_ = 0;
  }
  void begin_propstat() {
    propstat_ = DavResponse();
    propstat_status_ = 200;  // a server that leaves it out means success
  }
  void end_status() {
    if (parent() == Element::propstat) propstat_status_ = parse_status_line(text_);
    if (parent() == Element::response) own_status_ = parse_status_line(text_);
  }

  void end_propstat() {
    if (!is_success(propstat_status_)) {
      // 404 and 403 of some properties are normal; anything else is remembered as the worse news.
      const bool about_path = propstat_status_ == 404 || propstat_status_ == 403;
      if (worst_ == 0 || !about_path) worst_ = propstat_status_ == 0 ? 500 : propstat_status_;
      return;
    }
    found_ = true;
    if (propstat_.collection) response_.collection = propstat_.collection;
    if (propstat_.size) response_.size = propstat_.size;
    if (propstat_.modified) response_.modified = propstat_.modified;
    if (!propstat_.etag.empty()) response_.etag = std::move(propstat_.etag);
    if (!propstat_.checksum.empty()) response_.checksum = std::move(propstat_.checksum);
  }

  void end_response() {
    if (response_.href.empty()) return stop("a response without href in a multistatus");
    response_.status = own_status_ ? *own_status_ : found_ || worst_ == 0 ? 200 : worst_;
    if (auto taken = on_response_(response_); !taken) stop(std::move(taken.error()));
  }

  OnResponse on_response_;
  XML_Parser parser_;
  std::uint64_t total_ = 0;
  std::optional<Error> failure_;
  std::vector<Element> open_;
  std::string text_;
  DavResponse response_;
  std::optional<int> own_status_;
  bool found_ = false;
  int worst_ = 0;
  DavResponse propstat_;
  int propstat_status_ = 200;
};

MultistatusParser::MultistatusParser(OnResponse on_response)
    : impl_(std::make_unique<Impl>(std::move(on_response))) {}
MultistatusParser::~MultistatusParser() = default;
Result<void> MultistatusParser::feed(std::string_view bytes) {
  return impl_->feed(bytes);
}
Result<void> MultistatusParser::finish() {
  return impl_->finish();
}

}  // namespace balancefs
