// An HttpTransport without a network: answers from a queue, keeps every request for the test to look at.
//
// Follows the contract of the real one: the head is judged before the body, a dropped body is cut at 64 KiB,
// the body comes in the pieces that the test gave.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "balancefs/http.h"

namespace balancefs::test {

class ScriptedHttp final : public HttpTransport {
 public:
  struct Answer {
    int status = 200;
    std::vector<HttpHeader> headers;  ///< any spelling; the head has them in lower case
    std::vector<std::string> pieces;
    std::optional<Error> error;  ///< instead of the head, or after the pieces when `status` is not 0
    bool hold = false;           ///< waits for release() before the head

    Answer() = default;
    Answer(int code, std::vector<HttpHeader> fields, std::string body = {})
        : status(code), headers(std::move(fields)) {
      if (!body.empty()) pieces.push_back(std::move(body));
    }
  };

  /// Queues an answer; the result may still be changed (references stay good until it is used).
  Answer& answer(int status, std::vector<HttpHeader> headers = {}, std::string body = {});
  /// Queues a failure without a head.
  Answer& fail_next(ErrorKind kind, std::string text = "scripted");
  /// Answers whatever the queue has no answer for; without it that is a failed CHECK.
  std::function<Answer(const HttpRequest&)> otherwise;
  /// Lets the answers that hold go on.
  void release() { ++releases_, held_.wake_all(); }
  std::size_t holding() const { return held_.size(); }

  Task<Result<ResponseHead>> send(HttpRequest request, BodyHandler& body, RequestContext& why) override;
  Clock* clock() override { return clock_; }
  void set_clock(Clock& clock) { clock_ = &clock; }
  void redirect_was_cached(const std::string& url) override { cached_redirects.push_back(url); }

  std::vector<HttpRequest> requests;
  std::vector<std::string> cached_redirects;  ///< what redirect_was_cached() was told
  /// The value of a header of request `index`; empty when it has none.
  std::string sent(std::size_t index, std::string_view name) const;
  bool exhausted() const { return answers_.empty(); }

 private:
  Answer next(const HttpRequest& request);

  std::deque<Answer> answers_;
  WaitList held_;
  int releases_ = 0;
  Clock* clock_ = nullptr;
};

}  // namespace balancefs::test
