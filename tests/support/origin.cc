#include "support/origin.h"

#include <microhttpd.h>
#include <netinet/in.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/text.h"
#include "support/origin_tree.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

constexpr std::string_view kLoginPage =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign "
    "in</form></body></html>\n";
constexpr std::size_t kBlock = 32 * 1024;
constexpr auto kPoll = std::chrono::milliseconds(5);

MHD_Result collect_pair(void* map, MHD_ValueKind, const char* name, const char* value) {
  auto& pairs = *static_cast<std::map<std::string, std::string>*>(map);
  pairs[to_lower(name)] = value == nullptr ? "" : value;
  return MHD_YES;
}

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out.push_back(kDigits[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) out.push_back(kDigits[(bits << (6 - count)) & 63]);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

}  // namespace

class Origin::Server {
 public:
  Server() {
    // Loopback only, any free port.
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    daemon_ = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
                               0, nullptr, nullptr, &Server::on_request, this, MHD_OPTION_SOCK_ADDR, &address,
                               MHD_OPTION_NOTIFY_COMPLETED, &Server::on_completed, this, MHD_OPTION_END);
    if (daemon_ == nullptr) throw std::runtime_error("origin: cannot listen");
    port = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
  }
  ~Server() {
    stopping_ = true;
    MHD_stop_daemon(daemon_);
  }

  mutable std::mutex mutex;  ///< guards everything below
  OriginTree tree;
  OriginLies lies;
  OriginCounts counts;
  std::vector<OriginRequest> requests;
  std::function<std::optional<OriginReply>(const OriginRequest&)> script;
  std::uint64_t next_sign = 1;
  std::uint64_t first_valid_sign = 1;
  std::map<std::uint64_t, int> sign_uses;
  int port = 0;

 private:
  struct Body {
    Server& server;
    OriginReply reply;
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    Body(Server& owner, OriginReply answer) : server(owner), reply(std::move(answer)) {}
    std::uint64_t size() const { return reply.ramp ? reply.length : reply.body.size(); }
  };

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char*, const char*, std::size_t* upload_size, void** state);
  static void on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    *state = nullptr;
  }
  static ssize_t on_body(void* body, std::uint64_t position, char* out, std::size_t room);
  static void free_body(void* body) { delete static_cast<Body*>(body); }

  OriginReply answer(const OriginRequest& request);
  OriginReply answer_honestly(const OriginRequest& request);
  std::optional<OriginReply> lie(const OriginRequest& request);
  std::optional<OriginReply> check_sign(const OriginRequest& request);
  OriginReply redirect(const OriginRequest& request);
  MHD_Result send(MHD_Connection* connection, OriginReply reply);
  bool stalls() const {
    const std::lock_guard lock(mutex);
    return lies.stall_after.has_value();
  }

  MHD_Daemon* daemon_ = nullptr;
  std::atomic<bool> stopping_{false};
};

MHD_Result Origin::Server::on_request(void* self, MHD_Connection* connection, const char* url,
                                      const char* method, const char*, const char*, std::size_t* upload_size,
                                      void** state) {
  static char begun;
  if (*state == nullptr) {
    *state = &begun;
    return MHD_YES;
  }
  if (*upload_size != 0) {  // bodies of requests are of no interest
    *upload_size = 0;
    return MHD_YES;
  }
  auto& server = *static_cast<Server*>(self);
  OriginRequest request;
  request.method = method;
  request.path = url;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &collect_pair, &request.headers);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &collect_pair, &request.query);
  return server.send(connection, server.answer(request));
}

OriginReply Origin::Server::answer(const OriginRequest& request) {
  const std::lock_guard lock(mutex);
  ++counts.requests;
  ++counts.methods[request.method];
  if (!request.header("authorization").empty()) ++counts.authorizations;
  if (!request.header("range").empty()) counts.ranges.push_back(request.header("range"));
  requests.push_back(request);
  if (script) {
    if (auto scripted = script(request)) return *scripted;
  }
  if (auto lied = lie(request)) return *lied;
  return answer_honestly(request);
}

std::optional<OriginReply> Origin::Server::lie(const OriginRequest& request) {
  if (lies.login_page) return OriginReply(200, "text/html; charset=utf-8", std::string(kLoginPage));
  if (lies.status != 0) {
    OriginReply reply(lies.status, "text/plain", "no\n");
    if (!lies.retry_after.empty()) reply.headers.emplace_back("Retry-After", lies.retry_after);
    return reply;
  }
  const std::string expected = "Basic " + base64(lies.user + ":" + lies.password);
  if (!lies.user.empty() && request.header("authorization") != expected) {
    OriginReply reply(401, "text/plain", "who are you?\n");
    reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"origin\"");
    return reply;
  }
  return std::nullopt;
}

OriginReply Origin::Server::answer_honestly(const OriginRequest& request) {
  if (request.method == "OPTIONS") {
    OriginReply reply(200, "text/plain", "");
    reply.headers.emplace_back("DAV", "1");
    return reply;
  }
  if (request.method == "PROPFIND") return tree.multistatus(request, lies);
  if (request.method != "GET" && request.method != "HEAD") return OriginReply(405, "text/plain", "no\n");
  const OriginNode* node = tree.find(request.path);
  if (node == nullptr) return OriginReply(404, "text/plain", "no such thing\n");
  if (node->directory) return OriginReply(403, "text/plain", "a directory\n");
  if (!lies.redirect_to.empty()) return redirect(request);
  if (const auto refused = check_sign(request)) return *refused;
  return tree.file(request, *node, lies);
}

OriginReply Origin::Server::redirect(const OriginRequest& request) {
  ++counts.redirects;
  OriginReply reply(302, "text/html", "<a href=\"...\">Found</a>\n");
  reply.headers.emplace_back("Location", lies.redirect_to + percent_encode(request.path, true) +
                                             "?sign=" + std::to_string(next_sign++));
  return reply;
}

std::optional<OriginReply> Origin::Server::check_sign(const OriginRequest& request) {
  if (!lies.signed_only) return std::nullopt;
  const auto sign = request.query.find("sign");
  const std::uint64_t number =
      sign == request.query.end() ? 0 : std::strtoull(sign->second.c_str(), nullptr, 10);
  next_sign = std::max(next_sign, number + 1);
  const bool worn_out = lies.link_uses != 0 && ++sign_uses[number] > lies.link_uses;
  if (number >= first_valid_sign && !worn_out) return std::nullopt;
  return OriginReply(403, "text/html", "<html>link expired</html>\n");
}

MHD_Result Origin::Server::send(MHD_Connection* connection, OriginReply reply) {
  auto body = std::make_unique<Body>(*this, std::move(reply));
  const OriginReply& sent = body->reply;
  const int status = sent.status;
  const std::uint64_t size = sent.chunked ? MHD_SIZE_UNKNOWN : body->size();
  const auto headers = sent.headers;
  MHD_Response* response =
      MHD_create_response_from_callback(size, kBlock, &Server::on_body, body.release(), &Server::free_body);
  for (const auto& [name, value] : headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned int>(status), response);
  MHD_destroy_response(response);
  return queued;
}

ssize_t Origin::Server::on_body(void* self, std::uint64_t position, char* out, std::size_t room) {
  auto& body = *static_cast<Body*>(self);
  const OriginReply& reply = body.reply;
  std::uint64_t end = body.size();
  if (position >= end) return MHD_CONTENT_READER_END_OF_STREAM;
  if (reply.cut_after) {
    if (position >= *reply.cut_after) return MHD_CONTENT_READER_END_WITH_ERROR;
    end = std::min(end, *reply.cut_after);
  }
  if (reply.stall_after && position < *reply.stall_after) end = std::min(end, *reply.stall_after);
  if (reply.stall_after && position >= *reply.stall_after) {
    while (!body.server.stopping_ && body.server.stalls()) std::this_thread::sleep_for(kPoll);
  }
  if (reply.bytes_per_second != 0) {
    room = std::min<std::size_t>(room, std::max<std::uint64_t>(1, reply.bytes_per_second / 50));
    const auto due = body.begun + std::chrono::nanoseconds(1'000'000'000 * position / reply.bytes_per_second);
    while (!body.server.stopping_ && std::chrono::steady_clock::now() < due)
      std::this_thread::sleep_for(kPoll);
  }
  if (body.server.stopping_) return MHD_CONTENT_READER_END_WITH_ERROR;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room, end - position));
  const std::string bytes = reply.ramp ? ramp_bytes(reply.offset + position, count, reply.seed)
                                       : reply.body.substr(position, count);
  std::copy(bytes.begin(), bytes.end(), out);
  const std::lock_guard lock(body.server.mutex);
  body.server.counts.bytes += count;
  return static_cast<ssize_t>(count);
}

// ---- the test's side ------------------------------------------------------------------------------------

Origin::Origin() : server_(std::make_unique<Server>()) {}
Origin::~Origin() = default;

int Origin::port() const {
  return server_->port;
}
std::string Origin::url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port);
}

void Origin::add_file(std::string_view path, std::uint64_t size, std::uint32_t seed, int revision) {
  OriginNode node;
  node.size = size;
  node.seed = seed;
  node.revision = revision;
  const std::lock_guard lock(server_->mutex);
  server_->tree.add(path, node);
}

void Origin::add_directory(std::string_view path) {
  OriginNode node;
  node.directory = true;
  const std::lock_guard lock(server_->mutex);
  server_->tree.add(path, node);
}

void Origin::remove(std::string_view path) {
  const std::lock_guard lock(server_->mutex);
  const std::string below = std::string(path) + "/";
  std::erase_if(server_->tree.nodes,
                [&](const auto& node) { return node.first == path || node.first.starts_with(below); });
}

void Origin::set_etag_prefix(std::string prefix) {
  const std::lock_guard lock(server_->mutex);
  server_->tree.etag_prefix = std::move(prefix);
}

void Origin::set_lies(OriginLies lies) {
  const std::lock_guard lock(server_->mutex);
  server_->lies = std::move(lies);
}

void Origin::expire_links() {
  const std::lock_guard lock(server_->mutex);
  server_->first_valid_sign = server_->next_sign;
}

void Origin::set_script(std::function<std::optional<OriginReply>(const OriginRequest&)> script) {
  const std::lock_guard lock(server_->mutex);
  server_->script = std::move(script);
}

OriginCounts Origin::counts() const {
  const std::lock_guard lock(server_->mutex);
  return server_->counts;
}

std::vector<OriginRequest> Origin::requests() const {
  const std::lock_guard lock(server_->mutex);
  return server_->requests;
}

void Origin::forget_requests() {
  const std::lock_guard lock(server_->mutex);
  server_->requests.clear();
  server_->counts = OriginCounts();
}

}  // namespace balancefs::test
