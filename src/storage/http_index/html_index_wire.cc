// HTML index pages, by libxml2's push parser. The page's own charset is ignored: names are in hrefs, where
// bytes are percent-encoded or themselves, so everything is read as Latin-1 and turned back into bytes.
#include <libxml/HTMLparser.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "base/text.h"
#include "http/url.h"
#include "storage/http_index/index_wire.h"

namespace balancefs {
namespace {

constexpr std::uint64_t kMaxPage = 256ULL * 1024 * 1024;
constexpr int kMaxDepth = 512;
constexpr std::size_t kMaxTag = 64 * 1024;  // held back until it is complete
constexpr std::size_t kMaxHeading = 64;     // the start of a title is enough
constexpr std::size_t kMaxColumns = 512;    // beside one link
constexpr std::size_t kMaxHref = 16 * 1024;

// libxml2 gives UTF-8 of what we told it is Latin-1. Characters beyond it (numeric references) stay UTF-8.
std::string to_bytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      out.push_back(static_cast<char>(((lead & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F)));
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// &nbsp; is a blank here.
std::string to_columns(std::string_view text) {
  std::string out = to_bytes(text);
  std::replace(out.begin(), out.end(), '\xA0', ' ');
  return out;
}

bool says_index(std::string_view heading) {
  const std::string lower = to_lower(trim(heading));
  for (const std::string_view known : {"index of", "directory listing", "directory of", "listing of"}) {
    if (lower.starts_with(known)) return true;
  }
  return false;
}

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

std::string decoded(std::string_view component) {
  auto out = percent_decode(component);
  return out ? std::move(*out) : std::string(component);
}

/// Path components of a URL, decoded; empty ones dropped.
std::vector<std::string> components_of(std::string_view url, bool& slash) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string_view::npos ? 0 : url.find('/', host + 3);
  url = path == std::string_view::npos ? std::string_view("/") : url.substr(path);
  slash = url.ends_with('/');
  std::vector<std::string> out;
  while (!url.empty()) {
    const std::size_t end = std::min(url.find('/'), url.size());
    if (end > 0) out.push_back(decoded(url.substr(0, end)));
    url.remove_prefix(std::min(end + 1, url.size()));
  }
  return out;
}

class HtmlIndexParser final : public IndexParser {
 public:
  HtmlIndexParser(std::string url, OnEntry on_entry) : url_(std::move(url)), on_entry_(std::move(on_entry)) {
    bool slash = false;
    folder_ = components_of(url_, slash);
    origin_ = origin_of(url_).value_or(std::string());
    std::memset(&handlers_, 0, sizeof(handlers_));
    handlers_.startElement = &HtmlIndexParser::on_start;
    handlers_.endElement = &HtmlIndexParser::on_end;
    handlers_.characters = &HtmlIndexParser::on_text;
    handlers_.ignorableWhitespace = &HtmlIndexParser::on_text;
    context_ = htmlCreatePushParserCtxt(&handlers_, this, nullptr, 0, nullptr, XML_CHAR_ENCODING_8859_1);
    BALANCEFS_CHECK(context_ != nullptr);
    htmlCtxtUseOptions(context_, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                     HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_NODEFDTD);
  }
  ~HtmlIndexParser() override {
    if (context_->myDoc != nullptr) xmlFreeDoc(context_->myDoc);
    htmlFreeParserCtxt(context_);
  }
  HtmlIndexParser(const HtmlIndexParser&) = delete;
  HtmlIndexParser& operator=(const HtmlIndexParser&) = delete;

  Result<void> feed(std::string_view bytes) override {
    total_ += bytes.size();
    if (total_ > kMaxPage) return fail(ErrorKind::too_large, "an index page of more than 256 MiB");
    pending_.append(bytes);
    // libxml2 takes "</sty" + "le>" for text of the style sheet and with it all that follows: whole tags
    // only.
    const std::size_t complete = pending_.rfind('>');
    if (complete == std::string::npos && pending_.size() <= kMaxTag) return outcome();
    parse(complete == std::string::npos ? pending_.size() : complete + 1);
    return outcome();
  }
  Result<void> finish() override {
    parse(pending_.size());
    if (!failure_) htmlParseChunk(context_, nullptr, 0, 1);
    flush();
    if (!failure_ && !is_index_) stop(Error(ErrorKind::corrupted, "a page that is no index of a folder"));
    return outcome();
  }

 private:
  static HtmlIndexParser& self(void* data) { return *static_cast<HtmlIndexParser*>(data); }
  static void on_start(void* data, const xmlChar* name, const xmlChar** attributes) {
    self(data).start(view(name), attributes);
  }
  static void on_end(void* data, const xmlChar* name) { self(data).end(view(name)); }
  static void on_text(void* data, const xmlChar* text, int size) {
    self(data).text(std::string_view(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)));
  }

  void parse(std::size_t count) {
    constexpr std::size_t kSlice = 1024 * 1024;  // libxml2 counts in int
    for (std::size_t at = 0; at < count && !failure_; at += kSlice) {
      htmlParseChunk(context_, pending_.data() + at, static_cast<int>(std::min(kSlice, count - at)), 0);
    }
    pending_.erase(0, count);
  }

  Result<void> outcome() const {
    if (failure_) return std::unexpected<Error>(*failure_);
    return {};
  }
  void stop(Error error) {
    if (failure_) return;
    failure_ = std::move(error);
    xmlStopParser(context_);
  }

  static bool is_heading(std::string_view name) {
    return name == "title" || name == "h1" || name == "h2" || name == "h3";
  }
  static bool ends_row(std::string_view name) {
    return name == "tr" || name == "li" || name == "table" || name == "ul" || name == "pre" || name == "body";
  }

  void start(std::string_view name, const xmlChar** attributes) {
    if (failure_) return;
    if (++depth_ > kMaxDepth) return stop(Error(ErrorKind::corrupted, "a page nested too deeply"));
    if (ends_row(name)) flush();
    if (is_heading(name)) {
      in_heading_ = true;
      heading_.clear();
    }
    columns_.push_back(' ');  // cells stand apart
    std::string_view href;
    for (std::size_t i = 0; attributes != nullptr && attributes[i] != nullptr; i += 2) {
      const std::string_view key = view(attributes[i]);
      const std::string_view value = view(attributes[i + 1]);
      const bool mark = ((key == "class" || key == "id") && value == "listing") ||
                        (key == "summary" && value == "Directory Listing");
      if (mark) is_index_ = true;
      if (key == "href") href = value;
    }
    if (name == "a") start_link(href);
  }

  void end(std::string_view name) {
    --depth_;
    if (failure_) return;
    if (name == "a") in_link_ = false;
    if (is_heading(name)) {
      in_heading_ = false;
      if (says_index(heading_)) is_index_ = true;
    }
    if (ends_row(name)) flush();
  }

  void text(std::string_view more) {
    if (failure_) return;
    if (in_heading_ && heading_.size() < kMaxHeading) heading_.append(more.substr(0, kMaxHeading));
    if (have_entry_ && !in_link_ && columns_.size() < kMaxColumns)
      columns_.append(more.substr(0, kMaxColumns));
  }

  void start_link(std::string_view href) {
    in_link_ = true;
    IndexEntry entry;
    const bool named = read_link(href, entry);
    // An icon's link and the name's are one entry.
    if (named && have_entry_ && entry.name == entry_.name) return columns_.clear();
    flush();
    if (!named) return;
    entry_ = std::move(entry);
    have_entry_ = true;
    columns_.clear();
  }

  /// Whether the link leads to something directly in this folder.
  bool read_link(std::string_view href, IndexEntry& entry) const {
    const std::string raw = to_bytes(trim(href));
    if (raw.empty() || raw.size() > kMaxHref || raw.find_first_of("?#") != std::string::npos) return false;
    const auto target = resolve_url(url_, raw);
    if (!target || origin_of(*target) != origin_) return false;
    bool slash = false;
    std::vector<std::string> path = components_of(*target, slash);
    if (path.size() != folder_.size() + 1 || !std::equal(folder_.begin(), folder_.end(), path.begin()))
      return false;
    if (!Path::valid_name(path.back())) return false;
    entry.name = std::move(path.back());
    entry.directory = slash;
    return true;
  }

  void flush() {
    if (!have_entry_ || failure_) return;
    have_entry_ = false;
    if (!seen_.insert(entry_.name).second) return;
    read_columns(to_columns(columns_), entry_);
    if (auto taken = on_entry_(entry_); !taken) stop(std::move(taken.error()));
  }

  std::string url_;
  OnEntry on_entry_;
  std::vector<std::string> folder_;
  std::string origin_;
  htmlSAXHandler handlers_;
  htmlParserCtxtPtr context_ = nullptr;
  std::string pending_;
  std::uint64_t total_ = 0;
  std::optional<Error> failure_;
  int depth_ = 0;
  bool is_index_ = false;
  bool in_heading_ = false;
  std::string heading_;
  bool in_link_ = false;
  bool have_entry_ = false;
  IndexEntry entry_;
  std::string columns_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

std::unique_ptr<IndexParser> make_html_index_parser(std::string url, IndexParser::OnEntry on_entry) {
  return std::make_unique<HtmlIndexParser>(std::move(url), std::move(on_entry));
}

}  // namespace balancefs
