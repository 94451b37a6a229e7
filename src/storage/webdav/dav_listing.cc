#include "storage/webdav/dav_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace balancefs {
namespace {

// Servers that do not list the folder first, and those with another prefix, are told apart by all of their
// entries; so many are kept for that. Others are not limited by it.
constexpr std::size_t kMaxWaiting = 200'000;

struct Href {
  std::vector<std::string> components;
  bool relative = false;
  bool slash = false;
  bool escapes = false;  ///< has a component "." or "..", or one that decodes to a '/' or NUL
};

// Text that is not percent-encoded properly comes from a server that does not encode at all.
std::string decode_component(std::string_view text) {
  auto decoded = percent_decode(text);
  return decoded ? std::move(*decoded) : std::string(text);
}

std::string_view path_of(std::string_view href) {
  const std::size_t scheme = href.find("://");
  const bool absolute_url = scheme != std::string_view::npos && scheme < href.find('/');
  if (!absolute_url) return href;
  const std::size_t path = href.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : href.substr(path);
}

Href parse_href(std::string_view text) {
  Href out;
  text = path_of(text);
  out.relative = !text.starts_with('/');
  while (out.relative && text.starts_with("./")) text.remove_prefix(2);
  out.slash = text.empty() || text.ends_with('/');
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (raw.empty()) continue;
    out.components.push_back(decode_component(raw));
    if (!Path::valid_name(out.components.back())) out.escapes = true;
  }
  return out;
}

bool is_collection(const DavResponse& response, bool slash) {
  return response.collection.value_or(slash);
}

bool starts_with(const std::vector<std::string>& path, const std::vector<std::string>& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

bool is_child_of(const std::vector<std::string>& path, const std::vector<std::string>& folder) {
  return path.size() == folder.size() + 1 && starts_with(path, folder);
}

// What the status of one response means for whom it is about.
Error status_error(int status, std::string_view whom) {
  const std::string text = fmt::format("PROPFIND: status {} for {}", status, whom);
  if (status == 404 || status == 410) return Error(ErrorKind::not_found, text);
  if (status == 401 || status == 403) return Error(ErrorKind::denied, text);
  if (status >= 500) return Error(ErrorKind::unavailable, text);
  return Error(ErrorKind::corrupted, text);
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

std::vector<std::string> url_components(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  return parse_href(path_of(url)).components;
}

ObjectInfo to_object_info(const DavResponse& response, bool collection, bool etags) {
  ObjectInfo info;
  info.type = collection ? ObjectType::directory : ObjectType::file;
  info.validator.modified = response.modified;
  if (collection) return info;
  info.size = response.size.value_or(0);
  info.size_kind = response.size ? SizeKind::exact : SizeKind::unknown;
  if (etags) info.validator.etag = response.etag;
  info.checksum = response.checksum;
  return info;
}

DavListing::DavListing(std::string name, bool etags, ListingSink& entries)
    : name_(std::move(name)), etags_(etags), entries_(entries) {}

Result<void> DavListing::add(const DavResponse& response) {
  Href href = parse_href(response.href);
  if (href.escapes) {
    drop(response.href, "not a name");
    return {};
  }
  Entry entry;
  entry.components = std::move(href.components);
  entry.slash = href.slash;
  entry.response = response;
  if (href.relative) entry.components.insert(entry.components.begin(), folder_.begin(), folder_.end());
  if (entry.components == folder_) return add_self(response);
  if (self_seen_) return place(entry);
  if (waiting_.size() >= kMaxWaiting)
    return fail(ErrorKind::too_large, "PROPFIND: a folder that does not list itself");
  waiting_.push_back(std::move(entry));
  return {};
}

// We asked with a trailing slash, and some servers echo it for a file: only the resource type counts.
Result<void> DavListing::add_self(const DavResponse& response) {
  if (!is_success(response.status)) {
    return std::unexpected<Error>(status_error(response.status, "the folder itself"));
  }
  if (!response.collection.value_or(true)) return fail(ErrorKind::not_found, "PROPFIND: not a directory");
  self_seen_ = true;
  return place_waiting();
}

Result<void> DavListing::place_waiting() {
  const std::vector<Entry> entries = std::move(waiting_);
  waiting_.clear();
  for (const Entry& entry : entries) {
    if (auto placed = place(entry); !placed) return placed;
  }
  return {};
}

Result<void> DavListing::place(const Entry& entry) {
  if (entry.components == folder_) return add_self(entry.response);
  if (!is_child_of(entry.components, folder_)) {
    drop(entry.response.href, "not directly in the folder");
    return {};
  }
  return add_child(entry.components.back(), entry.response, entry.slash);
}

Result<void> DavListing::add_child(const std::string& name, const DavResponse& response, bool slash) {
  if (!is_success(response.status)) {
    Error error = status_error(response.status, escape_controls(name));
    // Gone meanwhile, or not for us: it is not part of the listing. Anything else leaves its state unknown.
    if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied) return {};
    return std::unexpected<Error>(std::move(error));
  }
  if (!seen_.insert(name).second) {
    drop(name, "listed twice");
    return {};
  }
  return entries_.entry(name, to_object_info(response, is_collection(response, slash), etags_));
}

// The folder was not among the answers by the path that we asked. Either the server does not list it (then
// all are its children), or it calls it otherwise, behind a reverse proxy that does not rewrite hrefs: then
// it is the shortest path and all others are below it, or, not listed, a folder of the same name that holds
// them all.
Result<void> DavListing::find_folder() {
  const auto all = [this](const std::vector<std::string>& folder, auto relation) {
    return std::all_of(waiting_.begin(), waiting_.end(),
                       [&](const Entry& entry) { return relation(entry.components, folder); });
  };
  if (all(folder_, is_child_of)) return {};
  const auto by_depth = [](const Entry& a, const Entry& b) {
    return a.components.size() < b.components.size();
  };
  const Entry& shortest = *std::min_element(waiting_.begin(), waiting_.end(), by_depth);
  std::vector<std::string> folder = shortest.components;
  if (is_collection(shortest.response, shortest.slash) && all(folder, starts_with)) {
    folder_ = std::move(folder);
    return {};
  }
  const auto is_child_of_asked = [this](const Entry& entry) {
    return is_child_of(entry.components, folder_);
  };
  if (std::any_of(waiting_.begin(), waiting_.end(), is_child_of_asked)) return {};
  if (!folder.empty()) folder.pop_back();
  const bool same_name = !folder.empty() && !folder_.empty() && folder.back() == folder_.back();
  if (!same_name || !all(folder, starts_with)) {
    return fail(ErrorKind::corrupted, "PROPFIND: the answer is about another folder");
  }
  folder_ = std::move(folder);
  return {};
}

Result<void> DavListing::finish() {
  if (!self_seen_ && waiting_.empty()) {
    // An empty folder lists itself. What names nothing at all says nothing of this one.
    return fail(ErrorKind::corrupted, "PROPFIND: an answer without the folder and without entries");
  }
  if (!waiting_.empty()) {
    if (auto found = find_folder(); !found) return found;
    if (auto placed = place_waiting(); !placed) return placed;
  }
  if (dropped_ > 0) {
    log_warning("{}: {} entries of a listing left out, the first: {}", name_, dropped_, first_dropped_);
  }
  return {};
}

void DavListing::drop(std::string_view name, std::string_view why) {
  if (dropped_++ == 0) first_dropped_ = fmt::format("'{}' ({})", name.substr(0, 300), why);
}

}  // namespace balancefs
