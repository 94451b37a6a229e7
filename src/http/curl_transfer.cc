#include "http/curl_transfer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/curl_errors.h"

namespace balancefs {
namespace {

// Of one head, together. Real ones stay below 8 KiB; what is larger is not a file server's.
constexpr std::size_t kHeadBytes = 128 * 1024;
constexpr std::size_t kHeadFields = 256;
// A dropped body is read so far to keep the connection, then the connection is cheaper to give up.
constexpr std::uint64_t kDropBytes = 64 * 1024;

std::optional<int> parse_status(std::string_view status_line) {
  const std::size_t space = status_line.find(' ');
  if (space == std::string_view::npos || status_line.size() < space + 4) return std::nullopt;
  int status = 0;
  for (const char c : status_line.substr(space + 1, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

CurlTransfer::CurlTransfer(CurlLoop& loop, CurlEasyPool& pool, AuthMemory& memory, HttpRequest request,
                           BodyHandler& body)
    : loop_(loop),
      pool_(pool),
      memory_(memory),
      request_(std::move(request)),
      body_(body),
      easy_(pool.take(request_)) {
  head_.url = without_secrets(request_.url);
}

CurlTransfer::~CurlTransfer() {
  if (running_) loop_.stop(easy_.get());
  curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, nullptr);
  pool_.give(std::move(easy_), request_);
}

void CurlTransfer::start() {
  CURL* easy = easy_.get();
  headers_ = apply_request(easy, request_, memory_.scheme(request_));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  loop_.start(easy, this);
  running_ = true;
}

void CurlTransfer::abort(Error error) {
  if (done()) return;
  if (running_) {
    // Also when others share the connection (HTTP/2): it failed somebody and gets no new requests.
    curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
    loop_.stop(easy_.get());
    running_ = false;
  }
  finish(std::unexpected<Error>(std::move(error)));
}

void CurlTransfer::finish(Result<ResponseHead> result) {
  result_.emplace(std::move(result));
  ended_.wake_all();
}

Error CurlTransfer::error(ErrorKind kind, std::string_view what) const {
  return Error(kind, fmt::format("{} {}: {}", request_.method, head_.url, what));
}

// ---- the head -------------------------------------------------------------------------------------------

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const Result<void> taken = transfer->take_header(std::string_view(data, size * count));
  if (taken) return size * count;
  transfer->own_error_ = taken.error();
  return 0;
}

// curl gives every head of a request: 1xx, and the 401 that it answers itself when it negotiates. Each begins
// with a status line and replaces the one before; the last is judged once its body begins or it has none, and
// curl never shows the bodies of those before.
Result<void> CurlTransfer::take_header(std::string_view line) {
  if (judged_) return {};  // trailers
  head_bytes_ += line.size();
  if (line.starts_with("HTTP/")) return begin_head(line);
  if (head_bytes_ > kHeadBytes || head_.headers.size() == kHeadFields) {
    return std::unexpected<Error>(error(ErrorKind::corrupted, "the head of the answer is too large"));
  }
  const bool folded = line.starts_with(' ') || line.starts_with('\t');
  const std::string_view text = trim(line);
  const std::size_t colon = text.find(':');
  if (folded && !head_.headers.empty()) {
    head_.headers.back().value += " " + std::string(text);
  } else if (colon != std::string_view::npos) {
    head_.headers.emplace_back(to_lower(trim(text.substr(0, colon))),
                               std::string(trim(text.substr(colon + 1))));
  }
  return {};
}

Result<void> CurlTransfer::begin_head(std::string_view status_line) {
  const auto status = parse_status(trim(status_line));
  if (!status) return std::unexpected<Error>(error(ErrorKind::corrupted, "no HTTP status in the answer"));
  head_.status = *status;
  head_.headers.clear();
  head_bytes_ = status_line.size();
  return {};
}

Result<void> CurlTransfer::judge() {
  judged_ = true;
  const std::string* encoding = head_.header("content-encoding");
  const bool success = head_.status / 100 == 2;  // an encoded error page is still that error
  if (success && encoding != nullptr && !encoding->empty() && to_lower(*encoding) != "identity") {
    return std::unexpected<Error>(
        error(ErrorKind::corrupted, "the answer has a content encoding nobody asked for"));
  }
  const Result<ByteSink*> sink = body_.begin(head_);
  if (!sink) return std::unexpected<Error>(sink.error());
  sink_ = *sink;
  return {};
}

// ---- the body -------------------------------------------------------------------------------------------

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const auto bytes = std::as_bytes(std::span<const char>(data, size * count));
  const Result<void> taken = transfer->take_body(bytes);
  if (!taken) transfer->own_error_ = taken.error();
  return taken && !transfer->enough_ ? size * count : 0;
}

Result<void> CurlTransfer::take_body(std::span<const std::byte> bytes) {
  if (!judged_) {
    const Result<void> judged = judge();
    if (!judged) return judged;
  }
  if (sink_ != nullptr) return sink_->write(bytes);
  dropped_ += bytes.size();
  enough_ = dropped_ > kDropBytes;
  return {};
}

// ---- the end --------------------------------------------------------------------------------------------

void CurlTransfer::finished(CURLcode code) {
  running_ = false;
  if (code == CURLE_OPERATION_TIMEDOUT) curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
  memory_.learn(easy_.get(), request_, head_.status);
  finish(outcome(code));
}

Result<ResponseHead> CurlTransfer::outcome(CURLcode code) {
  if (own_error_) return std::unexpected<Error>(*own_error_);
  if (code != CURLE_OK && !enough_) return std::unexpected<Error>(curl_error(code));
  if (!judged_) {
    const Result<void> judged = judge();
    if (!judged) return std::unexpected<Error>(judged.error());
  }
  return std::move(head_);
}

Error CurlTransfer::curl_error(CURLcode code) const {
  curl_off_t before_transfer = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &before_transfer);
  const ErrorKind kind = curl_error_kind(code, before_transfer > 0);
  const std::string_view detail(message_.data());
  return error(kind, detail.empty() ? std::string_view(curl_easy_strerror(code)) : detail);
}

}  // namespace balancefs
