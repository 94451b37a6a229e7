#include "web/http_listener.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <set>

#include "web/microhttpd_loop.h"

namespace balancefs {
namespace {

// Of a stream, in one go.
constexpr std::size_t kPiece = 16 * 1024;
// Of each connection: what a client that does not read can make the kernel hold for it.
constexpr int kSendBuffer = 128 * 1024;

struct DestroyResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using Response = std::unique_ptr<MHD_Response, DestroyResponse>;

/// One request while it comes in.
struct Incoming {
  std::string body;
  bool too_large = false;
};

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? "" : value;
}

std::optional<std::string> basic_password(MHD_Connection* connection) {
  char* password = nullptr;
  char* user = MHD_basic_auth_get_username_password(connection, &password);
  std::optional<std::string> given;
  if (user != nullptr && password != nullptr) given = password;
  MHD_free(password);
  MHD_free(user);
  return given;
}

WebRequest request_of(MHD_Connection* connection, const char* path, const char* method, Incoming& incoming) {
  WebRequest request;
  request.method = method;
  request.path = path;
  request.host = header(connection, MHD_HTTP_HEADER_HOST);
  request.origin = header(connection, MHD_HTTP_HEADER_ORIGIN);
  request.fetch_site = header(connection, "Sec-Fetch-Site");
  request.content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
  request.token = header(connection, "X-Balancefs-Token");
  request.password = basic_password(connection);
  request.body = std::move(incoming.body);
  return request;
}

/// What every answer says: nothing of it is kept, framed, guessed at or told to other pages, and a page loads
/// nothing but what is here.
void add_headers(MHD_Response* response, const WebAnswer& answer) {
  const auto add = [response](const char* name, const char* value) {
    MHD_add_response_header(response, name, value);
  };
  add(MHD_HTTP_HEADER_CONTENT_TYPE, answer.type.c_str());
  add(MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  add("Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : answer.headers) add(name.c_str(), value.c_str());
}

}  // namespace

class HttpListener::Core {
 public:
  Core(asio::io_context& loop, WebHandler handler, WebLimits limits)
      : handler_(std::move(handler)), limits_(limits), server_(std::make_shared<MicrohttpdLoop>(loop)) {}

  Result<void> start(ListenSocket socket);
  void stop();

 private:
  /// A body without an end; owned by its response.
  struct Outgoing {
    Core& core;
    MHD_Connection* connection;
    std::unique_ptr<WebStream> stream;
    bool suspended = false;

    Outgoing(Core& owner, MHD_Connection* of, std::unique_ptr<WebStream> source)
        : core(owner), connection(of), stream(std::move(source)) {
      core.outgoing_.insert(this);
    }
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;
    ~Outgoing() { core.outgoing_.erase(this); }
  };

  static MHD_Result on_request(void* core, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size,
                               void** incoming);
  static void on_completed(void* core, MHD_Connection* connection, void** incoming,
                           MHD_RequestTerminationCode how);
  static ssize_t on_stream(void* outgoing, std::uint64_t position, char* out, std::size_t most);

  WebAnswer answer_to(MHD_Connection* connection, const char* url, const char* method, Incoming& incoming);
  MHD_Result respond(MHD_Connection* connection, WebAnswer answer);
  Response make_response(MHD_Connection* connection, WebAnswer& answer);
  void resume(Outgoing& outgoing);

  const WebHandler handler_;
  const WebLimits limits_;

  std::set<Outgoing*> outgoing_;  // outlives the server, whose responses own them
  std::shared_ptr<MicrohttpdLoop> server_;
};

Result<void> HttpListener::Core::start(ListenSocket socket) {
  const int listening = socket.release();
  // Connections inherit it.
  ::setsockopt(listening, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  MicrohttpdLoop::Options options = {
      {MHD_OPTION_NOTIFY_COMPLETED, reinterpret_cast<intptr_t>(&Core::on_completed), this},
      {MHD_OPTION_CONNECTION_LIMIT, limits_.connections, nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<intptr_t>(limits_.head), nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, limits_.idle.count(), nullptr},
      {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr}};
  return server_->start(listening, &Core::on_request, this, std::move(options));
}

void HttpListener::Core::stop() {
  if (!server_->running()) return;
  // libmicrohttpd refuses to stop with suspended connections.
  for (Outgoing* each : outgoing_) {
    if (std::exchange(each->suspended, false)) MHD_resume_connection(each->connection);
  }
  server_->stop();
}

// ---- requests -------------------------------------------------------------------------------------------

MHD_Result HttpListener::Core::on_request(void* opaque, MHD_Connection* connection, const char* url,
                                          const char* method, const char* /*version*/, const char* upload,
                                          std::size_t* upload_size, void** incoming) {
  Core& core = *static_cast<Core*>(opaque);
  if (*incoming == nullptr) {                            // only the head has come
    *incoming = std::make_unique<Incoming>().release();  // on_completed deletes it
    return MHD_YES;
  }
  Incoming& request = *static_cast<Incoming*>(*incoming);
  if (*upload_size != 0) {
    request.too_large = request.too_large || request.body.size() + *upload_size > core.limits_.body;
    if (!request.too_large) request.body.append(upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  return core.respond(connection, core.answer_to(connection, url, method, request));
}

void HttpListener::Core::on_completed(void* /*core*/, MHD_Connection* /*connection*/, void** incoming,
                                      MHD_RequestTerminationCode /*how*/) {
  delete static_cast<Incoming*>(*incoming);
  *incoming = nullptr;
}

WebAnswer HttpListener::Core::answer_to(MHD_Connection* connection, const char* url, const char* method,
                                        Incoming& incoming) {
  if (incoming.too_large) return WebAnswer(413, "That is too long.\n");
  WebRequest request = request_of(connection, url, method, incoming);
  const bool head = request.method == "HEAD";  // libmicrohttpd leaves the body out
  if (head) request.method = "GET";
  WebAnswer answer = handler_(request);
  if (head) answer.stream.reset();
  return answer;
}

MHD_Result HttpListener::Core::respond(MHD_Connection* connection, WebAnswer answer) {
  const Response response = make_response(connection, answer);
  if (!response) return MHD_NO;
  add_headers(response.get(), answer);
  return MHD_queue_response(connection, answer.status, response.get());
}

Response HttpListener::Core::make_response(MHD_Connection* connection, WebAnswer& answer) {
  if (!answer.stream) {
    return Response(
        MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY));
  }
  auto outgoing = std::make_unique<Outgoing>(*this, connection, std::move(answer.stream));
  outgoing->stream->on_ready = [this, of = outgoing.get()] { resume(*of); };
  const auto drop = [](void* gone) { delete static_cast<Outgoing*>(gone); };
  Response response(
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kPiece, &Core::on_stream, outgoing.get(), drop));
  if (response) static_cast<void>(outgoing.release());  // `drop` deletes it
  return response;
}

ssize_t HttpListener::Core::on_stream(void* opaque, std::uint64_t /*position*/, char* out, std::size_t most) {
  Outgoing& outgoing = *static_cast<Outgoing*>(opaque);
  const std::size_t count = outgoing.stream->read(std::span(out, most));
  if (count != 0) return static_cast<ssize_t>(count);
  outgoing.suspended = true;
  MHD_suspend_connection(outgoing.connection);
  return 0;
}

void HttpListener::Core::resume(Outgoing& outgoing) {
  if (!std::exchange(outgoing.suspended, false)) return;
  MHD_resume_connection(outgoing.connection);
  server_->run_soon();
}

HttpListener::HttpListener(asio::io_context& loop, WebHandler handler, WebLimits limits)
    : core_(std::make_unique<Core>(loop, std::move(handler), limits)) {}

HttpListener::~HttpListener() {
  stop();
}

Result<void> HttpListener::start(ListenSocket socket) {
  return core_->start(std::move(socket));
}

void HttpListener::stop() {
  core_->stop();
}

}  // namespace balancefs
