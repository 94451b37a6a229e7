#include "support/scripted_http.h"

#include "base/text.h"

namespace balancefs::test {
namespace {

ResponseHead head_of(const ScriptedHttp::Answer& answer, const HttpRequest& request) {
  ResponseHead head;
  head.status = answer.status;
  head.url = without_secrets(request.url);
  for (const HttpHeader& header : answer.headers)
    head.headers.emplace_back(to_lower(header.name), header.value);
  return head;
}

Result<void> deliver(const ScriptedHttp::Answer& answer, ByteSink* sink) {
  for (const std::string& piece : answer.pieces) {
    if (sink == nullptr) continue;
    const Result<void> taken = sink->write(std::as_bytes(std::span<const char>(piece)));
    if (!taken) return taken;
  }
  if (answer.error) return std::unexpected<Error>(*answer.error);
  return {};
}

}  // namespace

ScriptedHttp::Answer& ScriptedHttp::answer(int status, std::vector<HttpHeader> headers, std::string body) {
  return answers_.emplace_back(status, std::move(headers), std::move(body));
}

ScriptedHttp::Answer& ScriptedHttp::fail_next(ErrorKind kind, std::string text) {
  Answer& failure = answer(0);
  failure.error = Error(kind, std::move(text));
  return failure;
}

ScriptedHttp::Answer ScriptedHttp::next(const HttpRequest& request) {
  if (answers_.empty()) {
    BALANCEFS_CHECK(otherwise != nullptr);
    return otherwise(request);
  }
  Answer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

std::string ScriptedHttp::sent(std::size_t index, std::string_view name) const {
  for (const HttpHeader& header : requests.at(index).headers) {
    if (to_lower(header.name) == to_lower(name)) return header.value;
  }
  return {};
}

Task<Result<ResponseHead>> ScriptedHttp::send(HttpRequest request, BodyHandler& body, RequestContext& why) {
  static_cast<void>(why);
  const Answer answer = next(request);
  requests.push_back(request);
  const int released = releases_;
  while (answer.hold && releases_ == released) co_await held_.wait();
  if (answer.status == 0) co_return std::unexpected<Error>(*answer.error);
  ResponseHead head = head_of(answer, request);
  const Result<ByteSink*> sink = body.begin(head);
  if (!sink) co_return std::unexpected<Error>(sink.error());
  const Result<void> delivered = deliver(answer, *sink);
  if (!delivered) co_return std::unexpected<Error>(delivered.error());
  co_return head;
}

}  // namespace balancefs::test
