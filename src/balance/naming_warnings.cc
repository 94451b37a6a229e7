// What `check` says about names and endpoints that are legal but cost people their balance.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "balance/naming.h"
#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::string_view kWord = "balance";
constexpr std::size_t kTyping = 2;  ///< wrong letters that still make "balance" ("balence", "blanace")

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_separator(char c) {
  return c == '.' || c == '_' || c == '-' || c == ' ' || c == '+' || c == '~';
}

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

/// A name's end, taken apart: an optional separator, letters, and digits with an optional separator before.
struct Ending {
  std::string_view stem;
  std::string_view word;
  std::string_view digits;
  bool separated = false;
};

Ending take_apart(std::string_view name, std::string_view stem) {
  Ending ending;
  ending.stem = stem;
  std::string_view rest = name.substr(stem.size());
  if (!rest.empty() && is_separator(rest.front())) {
    ending.separated = true;
    rest.remove_prefix(1);
  }
  const std::size_t letters =
      static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_letter) - rest.begin());
  ending.word = rest.substr(0, letters);
  rest.remove_prefix(letters);
  if (!rest.empty() && is_separator(rest.front())) rest.remove_prefix(1);
  ending.digits = rest;
  return ending;
}

bool only_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

/// "/pt.Balance1", "/pt.balanced", "/pt-balance-2", "/pt.balence1": the word is meant, whatever else exists.
std::optional<Ending> misspelled_word(std::string_view name) {
  for (std::size_t at = name.size(); at-- > 1;) {
    if (!is_separator(name[at])) continue;
    const Ending ending = take_apart(name, name.substr(0, at));
    const std::string word = to_lower(ending.word);
    if (!only_digits(ending.digits) && !word.starts_with(kWord)) continue;
    if (word.starts_with(kWord) || distance(word, kWord) <= kTyping) return ending;
  }
  return std::nullopt;
}

/// "/ptnc1", "/pt.nc1", "/ptbalance1" beside "/pt": a short word and a small number added to another mount.
std::optional<Ending> numbered_neighbour(std::string_view name, std::string_view neighbour) {
  if (neighbour.empty() || !name.starts_with(neighbour) || name.size() == neighbour.size())
    return std::nullopt;
  const Ending ending = take_apart(name, neighbour);
  const bool small_number = !ending.digits.empty() && ending.digits.size() <= 2 && only_digits(ending.digits);
  const bool word_meant = distance(to_lower(ending.word), kWord) <= kTyping;
  if (!small_number && !word_meant) return std::nullopt;
  if (ending.word.size() > 3 && !word_meant) return std::nullopt;
  return ending;
}

std::string_view parent_of(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}
std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// `wanted` if no storage has it, else the next number that is free.
std::string free_spelling(const std::set<std::string_view>& taken, std::string_view visible,
                          std::string_view digits) {
  unsigned long number = digits.empty() || digits.size() > 6 ? 1 : std::stoul(std::string(digits));
  while (true) {
    std::string spelling = fmt::format("{}.balance{}", visible, number++);
    if (!taken.contains(spelling)) return spelling;
  }
}

std::optional<Ending> near_miss(std::string_view path, const NamingPlan& plan) {
  if (std::optional<Ending> ending = misspelled_word(name_of(path))) return ending;
  for (const auto& group : plan.groups) {
    if (group.visible_path == path || parent_of(group.visible_path) != parent_of(path)) continue;
    if (auto ending = numbered_neighbour(name_of(path), name_of(group.visible_path))) return ending;
  }
  return std::nullopt;
}

void warn_of_spelling(const Options& options, const NamingPlan& plan, std::vector<std::string>& warnings) {
  std::set<std::string_view> taken;
  for (const auto& storage : options.storages) taken.insert(storage.path);
  for (const auto& storage : options.storages) {
    if (balance_suffix(name_of(storage.path)).length > 0) continue;
    const std::optional<Ending> ending = near_miss(storage.path, plan);
    if (!ending) continue;
    const std::string visible = fmt::format("{}/{}", parent_of(storage.path), ending->stem);
    warnings.push_back(
        fmt::format("storage '{}' is a directory of its own; if it should be balanced with '{}', write '{}'",
                    storage.path, visible, free_spelling(taken, visible, ending->digits)));
  }
}

struct Scheme {
  std::string_view name;
  std::string_view default_port;
};
constexpr std::array<Scheme, 4> kSchemes = {Scheme("http", ":80"), Scheme("https", ":443"),
                                            Scheme("ftp", ":21"), Scheme("sftp", ":22")};

/// Scheme, host, port and root in one spelling, for comparison.
std::string endpoint(const StorageOptions& storage) {
  if (storage.url.empty()) return "local:" + storage.root;
  std::string url = without_secrets(storage.url);
  while (url.ends_with('/')) url.pop_back();
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return url;
  const std::size_t host_end = std::min(url.find('/', scheme_end + 3), url.size());
  const std::string scheme = to_lower(std::string_view(url).substr(0, scheme_end));
  std::string host = to_lower(std::string_view(url).substr(scheme_end + 3, host_end - scheme_end - 3));
  for (const Scheme& known : kSchemes) {
    if (scheme == known.name && host.ends_with(known.default_port)) {
      host.resize(host.size() - known.default_port.size());
    }
  }
  const std::string_view root = std::string_view(url).substr(host_end);
  return fmt::format("{}://{}{}", scheme, host, percent_decode(root).value_or(std::string(root)));
}

void warn_of_same_endpoint(const Options& options, const NamingPlan& plan,
                           std::vector<std::string>& warnings) {
  for (const auto& group : plan.groups) {
    std::map<std::string, std::size_t> seen;
    for (const std::size_t index : group.members) {
      const StorageOptions& storage = options.storages[index];
      const auto [first, is_new] = seen.try_emplace(endpoint(storage), index);
      if (is_new) continue;
      warnings.push_back(fmt::format(
          "storages '{}' and '{}' are the same endpoint ({}): they fail together and share one line; "
          "give one of them another server, or remove it",
          options.storages[first->second].path, storage.path, first->first));
    }
  }
}

void warn_of_nesting(const Options& options, std::vector<std::string>& warnings) {
  for (const auto& storage : options.storages) {
    const std::string url = without_secrets(storage.url);
    if (percent_decode(url).value_or(url).find(".balance") == std::string::npos) continue;
    warnings.push_back(fmt::format(
        "storage '{}': its URL contains '.balance' ({}): balance belongs at the top, not below another "
        "server's; point it at the server's own folder and use '.balanceN' in the mount path here",
        storage.path, url));
  }
}

}  // namespace

std::vector<std::string> naming_warnings(const Options& options, const NamingPlan& plan) {
  std::vector<std::string> warnings;
  warn_of_spelling(options, plan, warnings);
  warn_of_same_endpoint(options, plan, warnings);
  warn_of_nesting(options, warnings);
  return warnings;
}

}  // namespace balancefs
