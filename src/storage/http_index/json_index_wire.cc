// JSON index pages: nginx's (name, type, size, mtime) and Caddy's (name, is_dir, size, mod_time). Collected,
// then parsed by events: no document is built, and nothing nested deeper than an entry is accepted.
#include <nlohmann/json.hpp>
#include <set>

#include "base/calendar.h"
#include "base/text.h"
#include "http/response_fields.h"
#include "storage/http_index/index_wire.h"

namespace balancefs {
namespace {

constexpr std::size_t kMaxPage = 64 * 1024 * 1024;

/// nginx writes names as the bytes that they are; JSON must be UTF-8. As Latin-1 every byte is a character.
std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return out;
}

std::string utf8_to_latin1(std::string_view text) {
  std::string out;
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

class Events final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(const IndexParser::OnEntry& on_entry, bool latin1) : on_entry_(on_entry), latin1_(latin1) {}

  bool start_array(std::size_t) override { return enter(depth_ == 0); }
  bool end_array() override {
    --depth_;
    complete_ = depth_ == 0;
    return true;
  }
  bool start_object(std::size_t) override {
    entry_ = IndexEntry();
    type_.clear();
    return enter(depth_ == 1);
  }
  bool end_object() override {
    --depth_;
    return emit();
  }
  bool key(string_t& text) override {
    key_ = text;
    return true;
  }
  bool string(string_t& text) override { return in_entry() && take_string(text); }
  bool number_unsigned(number_unsigned_t number) override {
    if (key_ == "size" && number <= static_cast<number_unsigned_t>(INT64_MAX)) {
      entry_.size = number;
      entry_.size_kind = SizeKind::exact;
    }
    return in_entry();
  }
  bool boolean(bool value) override {
    if (key_ == "is_dir") type_ = value ? "directory" : "file";
    return in_entry();
  }
  bool null() override { return in_entry(); }
  bool number_integer(number_integer_t) override { return in_entry(); }
  bool number_float(number_float_t, const string_t&) override { return in_entry(); }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  bool complete() const { return complete_; }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  bool enter(bool expected) {
    ++depth_;
    return expected;
  }
  bool in_entry() const { return depth_ == 2; }

  bool take_string(const std::string& text) {
    if (key_ == "name") entry_.name = latin1_ ? utf8_to_latin1(text) : text;
    if (key_ == "type") type_ = text;
    if (key_ == "mtime") entry_.modified = parse_http_date(text);
    if (key_ == "mod_time") entry_.modified = parse_rfc3339(text);
    return true;
  }

  bool emit() {
    // No index of files looks like this: an API that answers with some array of objects.
    if (entry_.name.empty()) return false;
    if (entry_.name.ends_with('/')) {
      entry_.name.pop_back();
      type_ = "directory";
    }
    entry_.directory = type_ == "directory";
    if (type_ == "other" || !Path::valid_name(entry_.name)) return true;
    if (entry_.directory) {
      entry_.size = 0;
      entry_.size_kind = SizeKind::unknown;
    }
    if (!seen_.insert(entry_.name).second) return true;
    auto taken = on_entry_(entry_);
    if (!taken) failure_ = std::move(taken.error());
    return taken.has_value();
  }

  const IndexParser::OnEntry& on_entry_;
  bool latin1_;
  int depth_ = 0;
  bool complete_ = false;
  std::string key_;
  std::string type_;
  IndexEntry entry_;
  std::set<std::string, std::less<>> seen_;
  std::optional<Error> failure_;
};

class JsonIndexParser final : public IndexParser {
 public:
  explicit JsonIndexParser(OnEntry on_entry) : on_entry_(std::move(on_entry)) {}

  Result<void> feed(std::string_view bytes) override {
    if (text_.size() + bytes.size() > kMaxPage)
      return fail(ErrorKind::too_large, "an index of more than 64 MiB");
    text_.append(bytes);
    return {};
  }
  Result<void> finish() override {
    const bool latin1 = !nlohmann::json::accept(text_);
    if (latin1) text_ = latin1_to_utf8(text_);
    Events events(on_entry_, latin1);
    const bool parsed = nlohmann::json::sax_parse(text_, &events);
    if (events.failure()) return std::unexpected<Error>(*events.failure());
    if (!parsed || !events.complete()) return fail(ErrorKind::corrupted, "JSON that is no index of a folder");
    return {};
  }

 private:
  OnEntry on_entry_;
  std::string text_;
};

}  // namespace

std::unique_ptr<IndexParser> make_json_index_parser(IndexParser::OnEntry on_entry) {
  return std::make_unique<JsonIndexParser>(std::move(on_entry));
}

}  // namespace balancefs
