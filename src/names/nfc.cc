#include "names/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "balancefs/object.h"

namespace balancefs {

bool is_ascii(std::string_view name) {
  return std::ranges::all_of(name, [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
}

std::string to_nfc(std::string_view name) {
  if (is_ascii(name)) return std::string(name);
  constexpr auto kForm = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  utf8proc_uint8_t* text = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                             static_cast<utf8proc_ssize_t>(name.size()), &text, kForm);
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(text, std::free);
  if (size <= 0) return std::string(name);
  std::string composed(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  return Path::valid_name(composed) ? composed : std::string(name);
}

}  // namespace balancefs
