#include "http/curl_loop.h"

#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <csignal>

#include "balancefs/result.h"

namespace balancefs {
namespace {

// Idle connections kept, all storages together. Hundreds of parts at once are ordinary, and a TLS connection
// costs three round trips to make again.
constexpr long kIdleConnections = 512;

}  // namespace

CurlGlobal::CurlGlobal() {
  BALANCEFS_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  struct sigaction current = {};
  sigaction(SIGPIPE, nullptr, &current);
  if (current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

CurlGlobal::~CurlGlobal() {
  curl_global_cleanup();
}

// The descriptor belongs to curl: it is lent to Asio and always released, never closed by it.
struct CurlLoop::Watch {
  asio::posix::stream_descriptor descriptor;
  curl_socket_t fd;
  int wanted = 0;
  bool reading = false;
  bool writing = false;
  bool gone = false;
  Watch(asio::io_context& loop, curl_socket_t socket) : descriptor(loop, socket), fd(socket) {}
  ~Watch() {
    if (descriptor.is_open()) descriptor.release();
  }
};

CurlLoop::CurlLoop(asio::io_context& loop) : loop_(loop), timer_(loop) {
  multi_ = curl_multi_init();
  share_ = curl_share_init();
  BALANCEFS_CHECK(multi_ != nullptr && share_ != nullptr);
  // Connections and the DNS cache belong to the multi handle; TLS sessions would belong to each easy handle.
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
}

CurlLoop::~CurlLoop() {
  *alive_ = false;
  curl_multi_cleanup(multi_);
  curl_share_cleanup(share_);
  while (!watches_.empty()) forget(watches_.begin()->first);
}

void CurlLoop::start(CURL* easy, CurlClient* client) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, client);
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlLoop::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  BALANCEFS_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlLoop::stop(CURL* easy) {
  BALANCEFS_CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
}

int CurlLoop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (what == CURL_POLL_REMOVE) {
    loop->forget(fd);
  } else {
    loop->watch(fd, what);
  }
  return 0;
}

int CurlLoop::on_timer(CURLM*, long milliseconds, void* self) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (milliseconds < 0) {
    loop->timer_.cancel();
    return 0;
  }
  loop->timer_.expires_after(std::chrono::milliseconds(milliseconds));
  loop->timer_.async_wait([loop, alive = loop->alive_](const std::error_code& error) {
    if (!error && *alive) loop->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

// curl says POLL_REMOVE before it closes; this makes sure, because a number that is used again while Asio
// still knows its old meaning would never wake anybody.
int CurlLoop::on_close(void* self, curl_socket_t fd) {
  static_cast<CurlLoop*>(self)->forget(fd);
  return ::close(fd);
}

void CurlLoop::watch(curl_socket_t fd, int wanted) {
  auto& watch = watches_[fd];
  if (!watch) watch = std::make_shared<Watch>(loop_, fd);
  watch->wanted = wanted;
  arm(watch);
}

void CurlLoop::forget(curl_socket_t fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  found->second->gone = true;
  found->second->descriptor.release();
  watches_.erase(found);
}

void CurlLoop::arm(const std::shared_ptr<Watch>& watch) {
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) wait(watch, CURL_CSELECT_IN);
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) wait(watch, CURL_CSELECT_OUT);
}

void CurlLoop::wait(const std::shared_ptr<Watch>& watch, int event) {
  const bool read = event == CURL_CSELECT_IN;
  (read ? watch->reading : watch->writing) = true;
  const auto type = read ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  watch->descriptor.async_wait(type, [this, watch, event](const std::error_code& error) {
    if (!watch->gone) ready(watch, error, event);
  });
}

void CurlLoop::ready(const std::shared_ptr<Watch>& watch, const std::error_code& error, int event) {
  const bool read = event == CURL_CSELECT_IN;
  (read ? watch->reading : watch->writing) = false;
  // What curl no longer waits for is not reported; arm() asks the kernel anew when it does again.
  if ((watch->wanted & (read ? CURL_POLL_IN : CURL_POLL_OUT)) == 0) return;
  act(watch->fd, error ? CURL_CSELECT_ERR : event);
  if (!watch->gone) arm(watch);
}

void CurlLoop::act(curl_socket_t fd, int events) {
  int running = 0;
  BALANCEFS_CHECK(curl_multi_socket_action(multi_, fd, events, &running) == CURLM_OK);
  collect_finished();
}

void CurlLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the handle's removal
    char* client = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &client);
    stop(easy);
    reinterpret_cast<CurlClient*>(client)->finished(code);
  }
}

}  // namespace balancefs
