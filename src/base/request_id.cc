#include "base/request_id.h"

#include <fmt/format.h>

#include <atomic>

namespace balancefs {
namespace {

constexpr std::string_view kBegin = " [#";

}  // namespace

std::uint64_t next_request_id() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

std::string request_id_text(std::uint64_t id) {
  return id == 0 ? std::string() : fmt::format("{:x}", id);
}

std::string request_id_mark(std::uint64_t id) {
  return id == 0 ? std::string() : fmt::format("{}{:x}]", kBegin, id);
}

std::string without_request_ids(std::string_view text) {
  std::string bare;
  while (!text.empty()) {
    const std::size_t begin = text.find(kBegin);
    bare += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = text.find_first_not_of("0123456789abcdef", kBegin.size());
    const bool is_mark = end != std::string_view::npos && end > kBegin.size() && text[end] == ']';
    if (!is_mark) bare += kBegin;
    text.remove_prefix(is_mark ? end + 1 : kBegin.size());
  }
  return bare;
}

}  // namespace balancefs
