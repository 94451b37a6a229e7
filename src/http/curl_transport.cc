#include "http/curl_transport.h"

#include <algorithm>

#include "base/log.h"
#include "base/request_id.h"
#include "base/text.h"
#include "http/curl_transfer.h"
#include "http/url.h"

namespace balancefs {
namespace {

std::optional<TimePoint> end_of(const HttpRequest& request, const RequestContext& why, TimePoint now) {
  std::optional<TimePoint> end = why.deadline;
  if (request.total_timeout > Duration(0)) {
    const TimePoint total = now + request.total_timeout;
    end = end ? std::min(*end, total) : total;
  }
  return end;
}

/// One line for each exchange, for those who look closely. URLs in heads and errors are without secrets.
void trace(const std::string& method, const Result<ResponseHead>& answer, Duration took, std::uint64_t id) {
  if (!log_enabled(LogLevel::trace)) return;
  const std::string what =
      answer ? fmt::format("{} {}: status {}", method, answer->url, answer->status) : answer.error().text;
  const auto time = std::chrono::round<std::chrono::milliseconds>(took);
  log_line(LogLevel::trace, fmt::format("{} in {} ms{}", what, time.count(), request_id_mark(id)));
}

}  // namespace

/// A transfer's place among the active ones, for as long as its flow lives.
class CurlTransport::Registration {
 public:
  Registration(CurlTransport& transport, CurlTransfer& transfer)
      : transport_(transport), place_(transport.active_.insert(transport.active_.end(), &transfer)) {}
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    transport_.active_.erase(place_);
    if (transport_.active_.empty()) transport_.idle_.wake_all();
  }

 private:
  CurlTransport& transport_;
  std::list<CurlTransfer*>::iterator place_;
};

CurlTransport::CurlTransport(asio::io_context& loop, Clock& clock) : clock_(clock), curl_(loop) {}

CurlTransport::~CurlTransport() {
  BALANCEFS_CHECK(active_.empty());
}

Task<Result<ResponseHead>> CurlTransport::send(HttpRequest request, BodyHandler& body, RequestContext& why) {
  BALANCEFS_CHECK(request.options != nullptr);
  const TimePoint begun = clock_.now();
  const std::uint64_t id = why.id;
  const std::string method = request.method;
  const std::optional<TimePoint> end = end_of(request, why, begun);
  CurlTransfer transfer(curl_, pool_, memory_, std::move(request), body);
  if (closed_) co_return std::unexpected<Error>(transfer.error(ErrorKind::cancelled, "shutting down"));
  const Registration registration(*this, transfer);
  transfer.start();
  while (!transfer.done()) {
    if (!end) {
      co_await transfer.ended().wait();
    } else if (!co_await transfer.ended().wait_until(clock_, *end)) {
      transfer.abort(transfer.error(ErrorKind::timed_out, "no complete answer in time"));
    }
  }
  Result<ResponseHead> answer = transfer.take();
  trace(method, answer, clock_.now() - begun, id);
  co_return answer;
}

void CurlTransport::redirect_was_cached(const std::string& url) {
  const std::string origin = origin_of(url).value_or(std::string());
  if (!warned_.insert(origin).second) return;
  log_warning(
      "GET {}: a proxy before {} caches redirects: links that expired come again; let it not store answers "
      "302",
      without_secrets(url), origin);
}

Task<void> CurlTransport::close() {
  closed_ = true;
  for (CurlTransfer* transfer : active_)
    transfer->abort(transfer->error(ErrorKind::cancelled, "shutting down"));
  while (!active_.empty()) co_await idle_.wait();
}

}  // namespace balancefs
