#include "daemon/dav_answer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace balancefs {
namespace {

std::string http_date(FileTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string etag_of(const DemoFiles::Node& file, std::string_view server) {
  return fmt::format("\"{}-{:x}-{:x}\"", server, file.size, file.seed);
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += letter;
    }
  }
  return out;
}

std::string href_of(std::string_view path, const DemoFiles::Node& node) {
  const bool slash = node.type == ObjectType::directory && !path.empty();
  return "/" + percent_encode(path, true) + (slash ? "/" : "");
}

std::string describe(std::string_view path, const DemoFiles::Node& node, std::string_view server) {
  std::string properties;
  if (node.type == ObjectType::directory) {
    properties = "<D:resourcetype><D:collection/></D:resourcetype>";
  } else {
    properties =
        fmt::format("<D:resourcetype/><D:getcontentlength>{}</D:getcontentlength><D:getetag>{}</D:getetag>",
                    node.size, escape_xml(etag_of(node, server)));
  }
  return fmt::format(
      "<D:response><D:href>{}</D:href><D:propstat><D:prop>{}<D:getlastmodified>{}</D:getlastmodified></"
      "D:prop>"
      "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n",
      href_of(path, node), properties, http_date(node.modified));
}

DavAnswer plain(int status, std::string_view line) {
  DavAnswer answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  answer.body = fmt::format("{}\n", line);
  return answer;
}

DavAnswer options() {
  DavAnswer answer;
  answer.headers.emplace_back("DAV", "1");
  answer.headers.emplace_back("Allow", "OPTIONS, GET, HEAD, PROPFIND");
  return answer;
}

DavAnswer propfind(const DavRequest& request, std::string_view path, const DemoFiles& files,
                   std::string_view server) {
  const DemoFiles::Node* node = files.find(path);
  if (node == nullptr) return plain(404, "not found");
  const std::string_view depth = request.header("depth");
  if (depth != "0" && depth != "1") return plain(403, "only depth 0 and 1 are answered");
  DavAnswer answer;
  answer.status = 207;
  answer.headers.emplace_back("Content-Type", "application/xml; charset=utf-8");
  answer.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n";
  answer.body += describe(path, *node, server);
  if (depth == "1") {
    for (const std::string& name : files.children(path)) {
      const std::string child = path.empty() ? name : fmt::format("{}/{}", path, name);
      answer.body += describe(child, *files.find(child), server);
    }
  }
  answer.body += "</D:multistatus>\n";
  return answer;
}

DavAnswer index_page(std::string_view path, const DemoFiles& files) {
  DavAnswer answer;
  answer.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
  answer.body = fmt::format("<!DOCTYPE html><title>/{0}</title><h1>/{0}</h1>\n", escape_xml(path));
  for (const std::string& name : files.children(path)) {
    const std::string child = path.empty() ? name : fmt::format("{}/{}", path, name);
    answer.body +=
        fmt::format("<p><a href=\"{}\">{}</a></p>\n", href_of(child, *files.find(child)), escape_xml(name));
  }
  return answer;
}

bool names_tag(std::string_view header, std::string_view etag) {
  return trim(header) == "*" || header.find(etag) != header.npos;
}

// The conditions of RFC 9110 section 13 that a reader uses; 0: none stands in the way.
int failed_condition(const DavRequest& request, std::string_view etag) {
  const std::string_view match = request.header("if-match");
  if (!match.empty() && !names_tag(match, etag)) return 412;
  const std::string_view none = request.header("if-none-match");
  if (!none.empty() && names_tag(none, etag)) return 304;
  return 0;
}

DavAnswer get_file(const DavRequest& request, const DemoFiles::Node& file, std::string_view server) {
  DavAnswer answer;
  const std::string etag = etag_of(file, server);
  answer.headers.emplace_back("ETag", etag);
  answer.headers.emplace_back("Last-Modified", http_date(file.modified));
  answer.headers.emplace_back("Accept-Ranges", "bytes");
  if (const int status = failed_condition(request, etag); status != 0) {
    answer.status = status;
    return answer;
  }
  const std::string_view condition = request.header("if-range");
  const bool ranged = condition.empty() || condition == etag || condition == http_date(file.modified);
  const DavRange wanted = parse_range(ranged ? request.header("range") : "", file.size);
  if (wanted.kind == DavRange::Kind::unsatisfiable) {
    answer.status = 416;
    answer.headers.emplace_back("Content-Range", fmt::format("bytes */{}", file.size));
    return answer;
  }
  if (wanted.kind == DavRange::Kind::part) {
    answer.status = 206;
    answer.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", wanted.range.offset,
                                                             wanted.range.end() - 1, file.size));
  }
  answer.headers.emplace_back("Content-Type", file.text.empty() ? "application/octet-stream" : "text/plain");
  answer.file = &file;
  answer.range = wanted.range;
  return answer;
}

}  // namespace

std::string_view DavRequest::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (to_lower(header.name) == name) return header.value;
  }
  return {};
}

DavRange parse_range(std::string_view header, std::uint64_t size) {
  const DavRange whole(DavRange::Kind::whole, ByteRange(0, size));
  const DavRange none(DavRange::Kind::unsatisfiable, ByteRange());
  if (!header.starts_with("bytes=")) return whole;
  const std::string_view spec = trim(header.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == spec.npos) return whole;
  const auto first = parse_number(spec.substr(0, dash));
  const auto last = parse_number(spec.substr(dash + 1));
  if (dash == 0 && last) {  // "-500": the last 500 bytes
    const std::uint64_t count = std::min(*last, size);
    return count == 0 ? none : DavRange(DavRange::Kind::part, ByteRange(size - count, count));
  }
  if (!first || (dash + 1 < spec.size() && (!last || *last < *first))) return whole;
  if (*first >= size) return none;
  const std::uint64_t end = last ? std::min(*last, size - 1) + 1 : size;
  return DavRange(DavRange::Kind::part, ByteRange(*first, end - *first));
}

DavAnswer dav_answer(const DavRequest& request, const DemoFiles& files, std::string_view server) {
  std::string_view path = request.path;
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (request.method == "OPTIONS") return options();
  if (request.method == "PROPFIND") return propfind(request, path, files, server);
  if (request.method != "GET" && request.method != "HEAD") {
    DavAnswer answer = plain(405, "this storage is read-only");
    answer.headers.emplace_back("Allow", "OPTIONS, GET, HEAD, PROPFIND");
    return answer;
  }
  const DemoFiles::Node* node = files.find(path);
  if (node == nullptr) return plain(404, "not found");
  if (node->type == ObjectType::directory) return index_page(path, files);
  return get_file(request, *node, server);
}

}  // namespace balancefs
