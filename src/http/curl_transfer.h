// One request on its way through curl: head gathered, judged, body streamed.
//
// Owns the curl handle while it runs; destroying it at any time takes the handle out of the loop. curl calls
// back into it, so it must not move. It wakes its one waiter by a posted wake-up only. Loop thread.
#pragma once

#include <array>
#include <optional>

#include "balancefs/http.h"
#include "http/curl_loop.h"
#include "http/curl_request.h"

namespace balancefs {

class CurlTransfer final : public CurlClient {
 public:
  /// `body` outlives this object.
  CurlTransfer(CurlLoop& loop, CurlEasyPool& pool, AuthMemory& memory, HttpRequest request,
               BodyHandler& body);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  void start();
  bool done() const { return result_.has_value(); }
  /// Ends it now with this error; never from inside a curl callback.
  void abort(Error error);
  /// An error about this request: method and URL (without secrets) in front.
  Error error(ErrorKind kind, std::string_view what) const;
  /// Woken when done().
  WaitList& ended() { return ended_; }
  Result<ResponseHead> take() { return std::move(*result_); }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void finished(CURLcode code) override;
  Result<void> take_header(std::string_view line);
  Result<void> begin_head(std::string_view status_line);
  Result<void> take_body(std::span<const std::byte> bytes);
  Result<void> judge();
  Result<ResponseHead> outcome(CURLcode code);
  Error curl_error(CURLcode code) const;
  void finish(Result<ResponseHead> result);

  CurlLoop& loop_;
  CurlEasyPool& pool_;
  AuthMemory& memory_;
  HttpRequest request_;
  BodyHandler& body_;
  CurlEasy easy_;
  CurlList headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  ResponseHead head_;
  std::size_t head_bytes_ = 0;
  ByteSink* sink_ = nullptr;
  std::uint64_t dropped_ = 0;
  bool running_ = false;
  bool judged_ = false;
  bool enough_ = false;             ///< what is left of a dropped body is not worth reading
  std::optional<Error> own_error_;  ///< of the handler, the sink or a check of ours: the cause of curl's
  std::optional<Result<ResponseHead>> result_;
  WaitList ended_;
};

}  // namespace balancefs
