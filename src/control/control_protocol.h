// What is spoken on the control socket: one line of JSON asks, one line answers. Pure.
//
//   {"protocol":1,"command":"refresh","arguments":{"path":"pt/a","recursive":true}}
//   {"protocol":1,"result":{"folder":"pt/a","groups":1,"listings":12}}
//   {"protocol":1,"error":{"kind":"unsupported","text":"..."}}
//
// Paths are percent-encoded in it: names are bytes, and JSON is Unicode. What comes from the other side is
// checked here and where its arguments are read; nothing in it is trusted to be there.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "balancefs/result.h"

namespace balancefs {

using Json = nlohmann::json;

/// Another number is another language: a daemon and a command of different versions tell each other so.
constexpr int kControlProtocol = 1;

/// A question is a path and some words.
constexpr std::size_t kLongestRequest = 64 * 1024;
/// An answer may be a table of everything that is mounted.
constexpr std::size_t kLongestAnswer = 16 * 1024 * 1024;

struct ControlRequest {
  std::string command;
  Json arguments;  ///< an object

  ControlRequest() = default;
  ControlRequest(std::string name, Json values) : command(std::move(name)), arguments(std::move(values)) {}
};

/// Lines come and go without their line end.
Result<ControlRequest> parse_control_request(std::string_view line);
std::string control_request_line(const ControlRequest& request);

/// The error is the daemon's, or about a line that is no answer.
Result<Json> parse_control_answer(std::string_view line);
std::string control_answer_line(const Result<Json>& answer);

/// An argument or a part of an answer: `unsupported` when it is missing or has another type.
Result<std::string> text_in(const Json& object, const char* name);
Result<bool> flag_in(const Json& object, const char* name);
Result<std::uint64_t> number_in(const Json& object, const char* name);

}  // namespace balancefs
