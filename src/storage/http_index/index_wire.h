// Index pages: HTML as nginx, Apache, lighttpd, rclone, Caddy and Python write them, and the JSON of nginx
// and Caddy. Parsed as they arrive.
//
// Pure: bytes in, entries out. Pages are hostile until looked at: nothing is loaded, nothing is executed,
// depth, texts and totals are bounded, and only links that lie directly in the folder become names. What does
// not call itself an index is an error, never an empty folder: login pages, error pages, a site's own
// index.html.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "balancefs/result.h"
#include "storage/http_index/index_entry.h"

namespace balancefs {

class IndexParser {
 public:
  /// Called for each entry, in order; an error ends the parse and is its result.
  using OnEntry = std::function<Result<void>(const IndexEntry&)>;
  virtual ~IndexParser() = default;
  virtual Result<void> feed(std::string_view bytes) = 0;
  /// The page has ended. `corrupted` when it was no index page.
  virtual Result<void> finish() = 0;
};

/// `url`: the page's own, which links are seen from. An index has a title or heading that says so ("Index
/// of", "Directory listing for"), or the marks of Caddy's and rclone's pages (class "listing").
std::unique_ptr<IndexParser> make_html_index_parser(std::string url, IndexParser::OnEntry on_entry);
/// An array of objects with names.
std::unique_ptr<IndexParser> make_json_index_parser(IndexParser::OnEntry on_entry);

}  // namespace balancefs
