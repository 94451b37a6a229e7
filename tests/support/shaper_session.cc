#include "support/shaper_session.h"

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "support/shaper_http.h"

namespace balancefs::test {
namespace {

using asio::ip::tcp;

constexpr std::size_t kRead = 64 * 1024;
constexpr std::size_t kQueue = 4 << 20;  // per connection: more than 200 MB/s x 20 ms
constexpr auto kPoll = std::chrono::milliseconds(5);
// A line that was idle or woken late may catch up on so much: timers are late by some 0.1 ms for each piece
// of 64 KiB (2.6 ms at 25 MB/s), which would cost 4 % of the rate that was asked for.
constexpr auto kCatchUp = std::chrono::milliseconds(5);
constexpr unsigned char kTlsHandshake = 0x16;

bool edits_answers(ShaperFault fault) {
  return fault == ShaperFault::cut || fault == ShaperFault::wrong_range || fault == ShaperFault::other_etag;
}

}  // namespace

ShaperSession::ShaperSession(tcp::socket client, ShaperState& state)
    : state_(state), client_(std::move(client)), changed_(client_.get_executor()) {
  ++state_.counts.connections;
  const std::uint64_t open = ++state_.counts.open;
  if (open > state_.counts.most_open) state_.counts.most_open = open;
}

ShaperSession::~ShaperSession() {
  --state_.counts.open;
}

void ShaperSession::run() {
  const auto executor = client_.get_executor();
  asio::co_spawn(executor, serve(shared_from_this()), asio::detached);
  asio::co_spawn(executor, deliver(shared_from_this()), asio::detached);
}

void ShaperSession::close() {
  if (closed_) return;
  closed_ = true;
  std::error_code ignored;
  client_.close(ignored);
  if (upstream_) upstream_->socket.close(ignored);
  changed_.cancel();
}

void ShaperSession::reset() {
  std::error_code ignored;
  if (!closed_) client_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

bool ShaperSession::is_busy(std::chrono::nanoseconds window) const {
  if (closed_) return false;
  return waits_ || queued_ > 0 || last_sent_ + window > std::chrono::steady_clock::now();
}

// ---- client to server -----------------------------------------------------------------------------------

ShaperSession::Job<> ShaperSession::serve(Self self) {
  const ShaperTime connected = std::chrono::steady_clock::now() + self->state_.settings.round_trip;
  co_await self->sleep_until(connected);
  std::string request;
  while (!self->closed_ && co_await self->read_request(request)) {
    if (request.empty()) {
      co_await tunnel(self);
      break;
    }
    ++self->state_.counts.requests;
    self->waits_ = true;
    co_await self->wait_while_stalled();
    std::string answer;
    if (self->state_.fault == ShaperFault::reset) {
      self->reset();
    } else if (self->own_answer(answer)) {
      self->queue(answer, false);
    } else if (!co_await self->forward(request)) {
      self->reset();
    }
  }
  self->close();
}

/// False at the end; an empty request means that this is no HTTP.
ShaperSession::Job<bool> ShaperSession::read_request(std::string& request) {
  std::string buffer(kRead, '\0');
  std::error_code error;
  for (;;) {
    if (!pending_.empty() && static_cast<unsigned char>(pending_[0]) == kTlsHandshake) {
      request.clear();
      co_return true;
    }
    const std::size_t length = request_length(pending_);
    if (length != 0 && length <= pending_.size()) {
      request = pending_.substr(0, length);
      pending_.erase(0, length);
      co_return true;
    }
    const std::size_t count = co_await client_.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    pending_.append(buffer, 0, count);
  }
}

bool ShaperSession::own_answer(std::string& answer) const {
  switch (state_.fault) {
    case ShaperFault::unavailable:
      answer = plain_answer("503 Service Unavailable", "");
      return true;
    case ShaperFault::throttled:
      answer =
          plain_answer("429 Too Many Requests", "Retry-After: " + std::to_string(state_.argument) + "\r\n");
      return true;
    case ShaperFault::not_found:
      answer = plain_answer("404 Not Found", "");
      return true;
    case ShaperFault::none:
    case ShaperFault::refuse:
    case ShaperFault::reset:
    case ShaperFault::stall:
    case ShaperFault::cut:
    case ShaperFault::wrong_range:
    case ShaperFault::ignore_range:
    case ShaperFault::other_etag:
      return false;
  }
  return false;
}

ShaperSession::Job<bool> ShaperSession::forward(std::string request) {
  const ShaperFault fault = edits_answers(state_.fault) ? state_.fault : ShaperFault::none;
  if (state_.fault == ShaperFault::ignore_range) request = without_header(request, "range");
  if (fault != ShaperFault::none) request = closing_request(request);
  const bool fresh = !upstream_ || !upstream_->socket.is_open() || fault != ShaperFault::none;
  std::error_code error;
  if (fresh) {
    if (upstream_) upstream_->socket.close(error);
    upstream_ = std::make_shared<Upstream>(client_.get_executor());
    const auto upstream = upstream_;
    upstream->fault = fault;
    if (fault == ShaperFault::cut) upstream->body_left = state_.argument;
    const tcp::endpoint target(asio::ip::address_v4::loopback(),
                               static_cast<std::uint16_t>(state_.target_port));
    co_await upstream->socket.async_connect(target, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    asio::co_spawn(client_.get_executor(), pump(shared_from_this(), upstream), asio::detached);
  }
  co_await asio::async_write(upstream_->socket, asio::buffer(request),
                             asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

// What is not HTTP goes through as it is.
ShaperSession::Job<> ShaperSession::tunnel(Self self) {
  std::error_code error;
  std::string first = std::move(self->pending_);
  if (!co_await self->forward(std::move(first))) co_return;
  std::string buffer(kRead, '\0');
  for (;;) {
    const std::size_t count = co_await self->client_.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    co_await self->wait_while_stalled();
    co_await asio::async_write(self->upstream_->socket, asio::buffer(buffer.data(), count),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  self->close();
}

// ---- server to client -----------------------------------------------------------------------------------

ShaperSession::Job<> ShaperSession::pump(Self self, std::shared_ptr<Upstream> upstream) {
  std::string buffer(kRead, '\0');
  std::error_code error;
  for (;;) {
    while (self->queued_ > kQueue && !self->closed_) {
      co_await self->sleep_until(std::chrono::steady_clock::now() + kPoll);
    }
    const std::size_t count = co_await upstream->socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error || self->closed_) break;
    std::string bytes(buffer, 0, count);
    const bool more = self->edit(*upstream, bytes);
    self->queue(std::move(bytes), false);
    if (!more) break;
  }
  // A connection that was replaced ends quietly; the present one's end is the client's end.
  if (self->upstream_ == upstream) self->queue(std::string(), true);
}

/// Edits what came from the server; false when the answer ends here.
bool ShaperSession::edit(Upstream& upstream, std::string& bytes) const {
  if (upstream.fault == ShaperFault::none) return true;
  if (!upstream.head_done) {
    upstream.head += bytes;
    const std::size_t end = upstream.head.find("\r\n\r\n");
    bytes.clear();
    if (end == std::string::npos) return true;
    upstream.head_done = true;
    std::string body = upstream.head.substr(end + 4);
    upstream.head.resize(end + 4);
    if (upstream.fault == ShaperFault::wrong_range) upstream.head = with_shifted_range(upstream.head);
    if (upstream.fault == ShaperFault::other_etag) upstream.head = with_other_etag(upstream.head);
    const bool cut = body.size() >= upstream.body_left;
    if (cut) body.resize(upstream.body_left);
    upstream.body_left -= body.size();
    bytes = upstream.head + body;
    return !cut;
  }
  const bool cut = bytes.size() >= upstream.body_left;
  if (cut) bytes.resize(upstream.body_left);
  upstream.body_left -= bytes.size();
  return !cut;
}

void ShaperSession::queue(std::string bytes, bool last) {
  queued_ += bytes.size();
  const ShaperTime due = std::chrono::steady_clock::now() + state_.settings.round_trip;
  pieces_.emplace_back(due, std::move(bytes), last);
  changed_.cancel();
}

/// Takes the line for so many bytes; when they may go.
ShaperTime ShaperSession::pace(std::size_t bytes) {
  const ShaperTime now = std::chrono::steady_clock::now();
  ShaperTime when = now;
  const auto take = [&](ShaperTime& free, std::uint64_t rate) {
    if (rate == 0) return;
    free = std::max(free, now - kCatchUp) + std::chrono::nanoseconds(1'000'000'000ull * bytes / rate);
    when = std::max(when, free);
  };
  take(line_free_, state_.settings.per_connection);
  take(state_.line_free, state_.settings.in_all);
  return when;
}

ShaperSession::Job<> ShaperSession::deliver(Self self) {
  std::error_code error;
  while (!self->closed_) {
    if (self->pieces_.empty()) {
      self->changed_.expires_at(ShaperTime::max());
      co_await self->changed_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const Piece piece = std::move(self->pieces_.front());
    self->pieces_.pop_front();
    co_await self->sleep_until(piece.due);
    co_await self->sleep_until(self->pace(piece.bytes.size()));
    co_await self->wait_while_stalled();
    self->queued_ -= piece.bytes.size();
    if (piece.last || self->closed_) break;
    co_await asio::async_write(self->client_, asio::buffer(piece.bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    self->state_.counts.bytes += piece.bytes.size();
    self->last_sent_ = std::chrono::steady_clock::now();
    self->waits_ = false;
  }
  self->close();
}

// ---- waiting --------------------------------------------------------------------------------------------

ShaperSession::Job<> ShaperSession::wait_while_stalled() {
  while (state_.fault == ShaperFault::stall && !closed_) {
    co_await sleep_until(std::chrono::steady_clock::now() + kPoll);
  }
}

ShaperSession::Job<> ShaperSession::sleep_until(ShaperTime when) {
  if (when <= std::chrono::steady_clock::now()) co_return;
  asio::steady_timer timer(client_.get_executor(), when);
  std::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace balancefs::test
