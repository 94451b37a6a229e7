#include "config/secret_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/user_paths.h"
#include "config/values.h"

namespace balancefs {

bool SecretKeys::given() const {
  return std::ranges::any_of(keys_, [this](const std::string& key) { return reader_.has(key); });
}

Secret SecretKeys::read() {
  const std::string* chosen = nullptr;
  for (const std::string& key : keys_) {
    if (!reader_.has(key)) continue;
    if (chosen != nullptr) {
      reader_.problem(key, fmt::format("{} is given as well; accepted: one of {}, {}, {}, {}", *chosen,
                                       keys_[0], keys_[1], keys_[2], keys_[3]));
      return Secret();
    }
    chosen = &key;
  }
  return chosen == nullptr ? Secret() : read_from(*chosen);
}

Secret SecretKeys::read_from(const std::string& key) {
  const auto text = reader_.text(key);
  if (!text) return Secret();
  SecretResult secret = fetch(key, *text);
  if (secret) return std::move(*secret);
  // A command may have a secret of its own among its arguments: only its key is named.
  const bool nameable = key == keys_[1] || key == keys_[2];
  reader_.problem(key, nameable ? fmt::format("{} {}", quote(*text), secret.error()) : secret.error());
  return Secret();
}

SecretResult SecretKeys::fetch(const std::string& key, const std::string& text) {
  if (key == keys_[1]) {
    auto path = resolve_user_path(text, reading_.folder);
    return path ? secret_from_file(*path) : std::unexpected(path.error());
  }
  if (key == keys_[2]) return secret_from_environment(text);
  if (key == keys_[3]) return secret_from_command(text);
  reading_.literal_secrets.push_back(reader_.line(key));
  return secret_from_text(text);
}

}  // namespace balancefs
