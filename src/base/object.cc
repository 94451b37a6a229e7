#include "balancefs/object.h"

namespace balancefs {

bool Path::valid_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<Path> Path::parse(std::string_view text) {
  Path path;
  while (!text.empty()) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view component = text.substr(0, slash);
    text.remove_prefix(std::min(slash + 1, text.size()));
    if (component.empty()) continue;
    if (!valid_name(component)) return fail(ErrorKind::unsupported, "not a path component");
    path = path.child(component);
  }
  return path;
}

Path Path::child(std::string_view name) const {
  BALANCEFS_CHECK(valid_name(name));
  std::string text;
  text.reserve(text_.size() + 1 + name.size());
  if (!text_.empty()) text.append(text_).push_back('/');
  text.append(name);
  return Path(std::move(text));
}

Path Path::parent() const {
  const std::size_t slash = text_.rfind('/');
  return slash == std::string::npos ? Path() : Path(text_.substr(0, slash));
}

std::string_view Path::name() const {
  const std::size_t slash = text_.rfind('/');
  return slash == std::string::npos ? std::string_view(text_) : std::string_view(text_).substr(slash + 1);
}

bool Path::is_within(const Path& ancestor) const {
  if (ancestor.is_root()) return true;
  if (!text_.starts_with(ancestor.text_)) return false;
  return text_.size() == ancestor.text_.size() || text_[ancestor.text_.size()] == '/';
}

bool Validator::contradicts(const Validator& other) const {
  if (!etag.empty() && !other.etag.empty()) return etag != other.etag;
  if (modified && other.modified) return *modified != *other.modified;
  return false;
}

}  // namespace balancefs
