#include "control/control_protocol.h"

#include <fmt/format.h>

namespace balancefs {
namespace {

constexpr const char* kExpected =
    R"(one line of JSON is expected: {"protocol":1,"command":"...","arguments":{...}})";

std::unexpected<Error> refuse(std::string text) {
  return fail(ErrorKind::unsupported, std::move(text));
}

/// Null when `object` is no object or has no such member.
const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

Result<void> check_protocol(const Json& message) {
  const Json* protocol = member(message, "protocol");
  if (protocol == nullptr || !protocol->is_number_integer()) return refuse(kExpected);
  if (*protocol == kControlProtocol) return {};
  return refuse(
      fmt::format("control protocol {} here and {} there: the mount was made by another version of "
                  "balancefs; unmount and mount again",
                  kControlProtocol, protocol->dump()));
}

/// On one line whatever is in it, and never an exception: what is not UTF-8 is replaced.
std::string line_of(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<ControlRequest> parse_control_request(std::string_view line) {
  Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded()) return refuse(kExpected);
  if (const auto checked = check_protocol(message); !checked) return std::unexpected(checked.error());
  auto command = text_in(message, "command");
  if (!command) return refuse(kExpected);
  ControlRequest request(std::move(*command), Json::object());
  const auto arguments = message.find("arguments");
  if (arguments == message.end()) return request;
  if (!arguments->is_object()) return refuse(kExpected);
  request.arguments = std::move(*arguments);
  return request;
}

std::string control_request_line(const ControlRequest& request) {
  Json message = Json::object();
  message["protocol"] = kControlProtocol;
  message["command"] = request.command;
  message["arguments"] = request.arguments;
  return line_of(message);
}

Result<Json> parse_control_answer(std::string_view line) {
  Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded()) return refuse("the answer is no JSON");
  if (const auto checked = check_protocol(message); !checked) return std::unexpected(checked.error());
  if (const auto result = message.find("result"); result != message.end()) return std::move(*result);
  const Json* error = member(message, "error");
  if (error == nullptr) return refuse("the answer has neither a result nor an error");
  const auto text = text_in(*error, "text");
  const auto kind = text_in(*error, "kind");
  const bool wrong = kind && *kind == to_string(ErrorKind::unsupported);
  return fail(wrong ? ErrorKind::unsupported : ErrorKind::unavailable,
              text.value_or("an error without words"));
}

std::string control_answer_line(const Result<Json>& answer) {
  Json message = Json::object();
  message["protocol"] = kControlProtocol;
  if (answer) {
    message["result"] = *answer;
  } else {
    Json error = Json::object();
    error["kind"] = std::string(to_string(answer.error().kind));
    error["text"] = answer.error().text;
    message["error"] = std::move(error);
  }
  return line_of(message);
}

Result<std::string> text_in(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_string()) return refuse(fmt::format("{}: a text is expected", name));
  return value->get<std::string>();
}

Result<bool> flag_in(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_boolean()) {
    return refuse(fmt::format("{}: true or false is expected", name));
  }
  return value->get<bool>();
}

Result<std::uint64_t> number_in(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_number_unsigned()) {
    return refuse(fmt::format("{}: a number is expected", name));
  }
  return value->get<std::uint64_t>();
}

}  // namespace balancefs
