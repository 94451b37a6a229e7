#include "support/origin_tree.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "base/text.h"

namespace balancefs::test {
namespace {

std::string plain(const std::string& path) {
  std::size_t first = path.find_first_not_of('/');
  if (first == std::string::npos) return {};
  return path.substr(first, path.find_last_not_of('/') - first + 1);
}

std::string http_date(const OriginNode& node) {
  const std::time_t time = 1'700'000'000 + node.revision * 10;
  std::tm parts = {};
  gmtime_r(&time, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

struct Asked {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// "bytes=a-b" and "bytes=a-"; nothing else is asked by anybody here.
std::optional<Asked> parse_range(const std::string& text, std::uint64_t size) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  Asked asked;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data() + 6, end, asked.first);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto last = std::from_chars(first.ptr + 1, end, asked.last);
  if (last.ec != std::errc() || asked.last >= size) asked.last = size - 1;
  return asked;
}

bool is_child(const std::string& path, const std::string& of) {
  const std::string prefix = of.empty() ? std::string() : of + "/";
  return path.size() > prefix.size() && path.starts_with(prefix) &&
         path.find('/', prefix.size()) == std::string::npos;
}

}  // namespace

void OriginTree::add(std::string_view path, OriginNode node) {
  const std::string name = plain(std::string(path));
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    nodes[name.substr(0, slash)].directory = true;
  }
  nodes[name] = node;
}

const OriginNode* OriginTree::find(const std::string& path) const {
  const auto found = nodes.find(plain(path));
  return found == nodes.end() ? nullptr : &found->second;
}

std::string OriginTree::etag(const OriginNode& node) const {
  return fmt::format("\"{}{:x}-{:x}-{}\"", etag_prefix, node.size, node.seed, node.revision);
}

std::string OriginTree::properties(const std::string& path, const OriginNode& node,
                                   const OriginLies& lies) const {
  std::string file;
  if (!node.directory) {
    if (!lies.no_sizes) file += fmt::format("<D:getcontentlength>{}</D:getcontentlength>", node.size);
    file += fmt::format("<D:getlastmodified>{}</D:getlastmodified>", http_date(node));
    if (!lies.no_etags) file += fmt::format("<D:getetag>{}</D:getetag>", etag(node));
  }
  const bool slash = node.directory && !path.empty();
  return fmt::format(
      "<D:response><D:href>/{}{}</D:href><D:propstat><D:prop><D:resourcetype>{}</D:resourcetype>{}</D:prop>"
      "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n",
      percent_encode(path, true), slash ? "/" : "", node.directory ? "<D:collection/>" : "", file);
}

OriginReply OriginTree::multistatus(const OriginRequest& request, const OriginLies& lies) const {
  const std::string path = plain(request.path);
  const OriginNode* node = find(path);
  if (node == nullptr) return OriginReply(404, "text/plain", "no such thing\n");
  std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n";
  body += properties(path, *node, lies);
  const bool children =
      node->directory && request.header("depth") != "0" && !(lies.empty_root && path.empty());
  for (const auto& [name, child] : nodes) {
    if (children && is_child(name, path)) body += properties(name, child, lies);
  }
  return OriginReply(207, "application/xml; charset=utf-8", body + "</D:multistatus>\n");
}

OriginReply OriginTree::file(const OriginRequest& request, const OriginNode& node,
                             const OriginLies& lies) const {
  OriginReply reply(200, "application/octet-stream", "");
  reply.ramp = true;
  reply.length = node.size;
  reply.seed = node.seed;
  if (!lies.no_etags) reply.headers.emplace_back("ETag", lies.other_etag ? "\"another\"" : etag(node));
  if (!lies.other_etag) reply.headers.emplace_back("Last-Modified", http_date(node));
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.cut_after = lies.cut_after;
  reply.stall_after = lies.stall_after;
  reply.bytes_per_second = lies.bytes_per_second;
  if (lies.content_encoding) reply.headers.emplace_back("Content-Encoding", "gzip");
  const auto asked = parse_range(request.header("range"), node.size);
  if (!asked || lies.ignore_range) return reply;
  if (asked->first >= node.size) {
    OriginReply refused(416, "text/plain", "");
    refused.headers.emplace_back("Content-Range", fmt::format("bytes */{}", node.size));
    return refused;
  }
  const std::uint64_t shift = lies.wrong_range ? 1 : 0;
  reply.status = 206;
  reply.offset = asked->first + shift;
  reply.length = asked->last - asked->first + 1;
  if (lies.longest_range != 0) reply.length = std::min(reply.length, lies.longest_range);
  reply.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", reply.offset,
                                                          reply.offset + reply.length - 1, node.size));
  return reply;
}

}  // namespace balancefs::test
