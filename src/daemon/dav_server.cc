#include "daemon/dav_server.h"

#include <fmt/format.h>
#include <microhttpd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "balancefs/clock.h"
#include "daemon/dav_answer.h"
#include "web/listen_socket.h"
#include "web/microhttpd_loop.h"

namespace balancefs {
namespace {

// One write into a connection; also the unit in which a bandwidth is shared.
constexpr std::size_t kPiece = 64 * 1024;
// How far a sender that comes late for its share may make up for it: more than a busy loop's turn, less than
// one sees.
constexpr Duration kCatchUp = std::chrono::milliseconds(50);

MHD_Result collect_header(void* list, MHD_ValueKind, const char* name, const char* value) {
  static_cast<std::vector<HttpHeader>*>(list)->emplace_back(name, value == nullptr ? "" : value);
  return MHD_YES;
}

}  // namespace

class DavServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& loop, std::string name, const DemoFiles& files)
      : loop_(loop),
        name_(std::move(name)),
        files_(files),
        next_grant_(loop),
        server_(std::make_shared<MicrohttpdLoop>(loop)) {}

  Result<void> start();
  void kill();

 private:
  friend class DavServer;

  // One body under way; owned by its response.
  struct Transfer {
    Core& core;
    MHD_Connection* connection;
    std::string path;
    const DemoFiles::Node& file;
    ByteRange range;
    bool granted = false;  // its share of the bandwidth has come

    Transfer(Core& server, MHD_Connection* of, std::string name, const DemoFiles::Node& node, ByteRange bytes)
        : core(server), connection(of), path(std::move(name)), file(node), range(bytes) {}
  };

  static MHD_Result on_request(void* core, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size,
                               void** seen);
  static ssize_t on_body(void* transfer, std::uint64_t position, char* out, std::size_t most);

  MHD_Result respond(MHD_Connection* connection, const char* url, const char* method);
  MHD_Response* make_response(MHD_Connection* connection, const std::string& path, const DavAnswer& answer);
  bool must_wait(Transfer& transfer, std::size_t count);
  void count_bytes(const std::string& path, std::size_t count);

  void grant_in_time();
  void grant_due(TimePoint now);

  asio::io_context& loop_;
  const std::string name_;
  const DemoFiles& files_;
  std::uint16_t port_ = 0;
  std::uint64_t bytes_per_second_ = 0;
  std::map<std::string, Served> served_;
  std::function<void(const std::string&, std::uint64_t)> listener_;

  std::multimap<TimePoint, Transfer*> waiting_;  // suspended until their share of the bandwidth comes
  TimePoint next_share_{};
  asio::steady_timer next_grant_;
  std::shared_ptr<MicrohttpdLoop> server_;
};

Result<void> DavServer::Core::start() {
  if (server_->running()) return {};
  auto socket = ListenSocket::open("127.0.0.1", port_);
  if (!socket) return std::unexpected<Error>(socket.error());
  port_ = socket->port();
  return server_->start(socket->release(), &Core::on_request, this);
}

void DavServer::Core::kill() {
  if (!server_->running()) return;
  next_grant_.cancel();
  // libmicrohttpd refuses to stop with suspended connections.
  for (const auto& [when, transfer] : waiting_) MHD_resume_connection(transfer->connection);
  waiting_.clear();
  server_->stop();
}

void DavServer::Core::grant_in_time() {
  next_grant_.expires_at(std::chrono::time_point_cast<asio::steady_timer::duration>(waiting_.begin()->first));
  next_grant_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->grant_due(std::chrono::steady_clock::now());
  });
}

void DavServer::Core::grant_due(TimePoint now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Transfer* transfer = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    transfer->granted = true;
    MHD_resume_connection(transfer->connection);
  }
  if (!waiting_.empty()) grant_in_time();
  server_->run_soon();
}

MHD_Result DavServer::Core::on_request(void* core, MHD_Connection* connection, const char* url,
                                       const char* method, const char* /*version*/, const char* /*upload*/,
                                       std::size_t* upload_size, void** seen) {
  if (*seen == nullptr) {  // only the head has come
    *seen = core;
    return MHD_YES;
  }
  if (*upload_size != 0) {  // a PROPFIND's body; what it asks for is answered anyway
    *upload_size = 0;
    return MHD_YES;
  }
  return static_cast<Core*>(core)->respond(connection, url, method);
}

MHD_Result DavServer::Core::respond(MHD_Connection* connection, const char* url, const char* method) {
  DavRequest request;
  request.method = method;
  request.path = url;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header, &request.headers);
  const std::string path = request.path.substr(std::min<std::size_t>(1, request.path.size()));
  ++served_[path].requests;
  const DavAnswer answer = dav_answer(request, files_, name_);
  MHD_Response* response = make_response(connection, path, answer);
  if (response == nullptr) return MHD_NO;
  for (const HttpHeader& header : answer.headers) {
    MHD_add_response_header(response, header.name.c_str(), header.value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);  // the connection holds it
  return queued;
}

MHD_Response* DavServer::Core::make_response(MHD_Connection* connection, const std::string& path,
                                             const DavAnswer& answer) {
  if (answer.file == nullptr) {
    void* body = const_cast<char*>(answer.body.data());  // copied, never written
    return MHD_create_response_from_buffer(answer.body.size(), body, MHD_RESPMEM_MUST_COPY);
  }
  auto transfer = std::make_unique<Transfer>(*this, connection, path, *answer.file, answer.range);
  const auto drop = [](void* gone) { delete static_cast<Transfer*>(gone); };
  MHD_Response* response =
      MHD_create_response_from_callback(answer.range.length, kPiece, &Core::on_body, transfer.get(), drop);
  if (response != nullptr) static_cast<void>(transfer.release());  // `drop` deletes it
  return response;
}

ssize_t DavServer::Core::on_body(void* opaque, std::uint64_t position, char* out, std::size_t most) {
  Transfer& transfer = *static_cast<Transfer*>(opaque);
  const std::uint64_t left = transfer.range.length - position;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>({most, left, kPiece}));
  if (transfer.core.must_wait(transfer, count)) return 0;
  DemoFiles::read(transfer.file, transfer.range.offset + position, std::span(out, count));
  transfer.core.count_bytes(transfer.path, count);
  return static_cast<ssize_t>(count);
}

bool DavServer::Core::must_wait(Transfer& transfer, std::size_t count) {
  if (bytes_per_second_ == 0 || std::exchange(transfer.granted, false)) return false;
  const TimePoint now = std::chrono::steady_clock::now();
  const TimePoint share = std::max<TimePoint>(next_share_, now - kCatchUp);
  next_share_ = share + std::chrono::nanoseconds(count * 1'000'000'000 / bytes_per_second_);
  if (share <= now) return false;
  MHD_suspend_connection(transfer.connection);
  const auto waiting = waiting_.emplace(share, &transfer);
  if (waiting == waiting_.begin()) grant_in_time();
  return true;
}

void DavServer::Core::count_bytes(const std::string& path, std::size_t count) {
  const std::uint64_t bytes = served_[path].bytes += count;
  if (!listener_) return;
  asio::post(loop_, [weak = weak_from_this(), path, bytes] {
    const auto self = weak.lock();
    if (self && self->listener_) self->listener_(path, bytes);
  });
}

DavServer::DavServer(asio::io_context& loop, std::string name, const DemoFiles& files)
    : core_(std::make_shared<Core>(loop, std::move(name), files)) {}

DavServer::~DavServer() {
  kill();
}

Result<void> DavServer::start() {
  return core_->start();
}

void DavServer::kill() {
  core_->kill();
}

bool DavServer::running() const {
  return core_->server_->running();
}

std::string DavServer::url() const {
  return fmt::format("http://127.0.0.1:{}", core_->port_);
}

const std::string& DavServer::name() const {
  return core_->name_;
}

void DavServer::set_bytes_per_second(std::uint64_t rate) {
  core_->bytes_per_second_ = rate;
}

void DavServer::on_served(std::function<void(const std::string&, std::uint64_t)> listener) {
  core_->listener_ = std::move(listener);
}

const std::map<std::string, DavServer::Served>& DavServer::served() const {
  return core_->served_;
}

DavServer::Served DavServer::served(const std::string& path) const {
  const auto found = core_->served_.find(path);
  return found == core_->served_.end() ? Served() : found->second;
}

}  // namespace balancefs
