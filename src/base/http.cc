#include "balancefs/http.h"

namespace balancefs {

const std::string* ResponseHead::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

}  // namespace balancefs
