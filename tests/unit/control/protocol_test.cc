#include <gtest/gtest.h>

#include "control/control_protocol.h"

namespace balancefs::test {
namespace {

std::string error_of(const auto& result) {
  return result ? "accepted" : result.error().text;
}

TEST(ControlProtocol, ARequestComesThroughAsItWas) {
  ControlRequest request("refresh", Json::object());
  request.arguments["path"] = "a\nb \"c\"";
  const std::string line = control_request_line(request);
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  const auto parsed = parse_control_request(line);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
  EXPECT_EQ(parsed->command, "refresh");
  EXPECT_EQ(parsed->arguments, request.arguments);
}

TEST(ControlProtocol, ArgumentsMayBeMissing) {
  const auto parsed = parse_control_request(R"({"protocol":1,"command":"status"})");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->arguments.is_object());
}

TEST(ControlProtocol, GarbageIsToldWhatIsExpected) {
  const std::string nested(60'000, '[');
  for (const std::string& line :
       {std::string(), std::string("\0\xff\xfe", 3), std::string("GET / HTTP/1.1\r"), std::string("null"),
        std::string("[1,2]"), std::string("{}"), std::string(R"({"protocol":1})"), nested,
        std::string(R"({"protocol":"1","command":"status"})"),
        std::string(R"({"protocol":1,"command":["status"]})"),
        std::string(R"({"protocol":1,"command":"status","arguments":[]})"),
        std::string(R"({"protocol":1,"command":"status"} {})")}) {
    EXPECT_NE(error_of(parse_control_request(line)).find("one line of JSON is expected"), std::string::npos)
        << line.substr(0, 100);
  }
}

TEST(ControlProtocol, AnotherVersionIsNamed) {
  const std::string text = error_of(parse_control_request(R"({"protocol":2,"command":"status"})"));
  EXPECT_NE(text.find("control protocol 1 here and 2 there"), std::string::npos) << text;
  EXPECT_EQ(error_of(parse_control_answer(R"({"protocol":2,"result":{}})")), text);
}

TEST(ControlProtocol, AnAnswerIsAResultOrAnError) {
  Json value = Json::object();
  value["listings"] = 3;
  const auto result = parse_control_answer(control_answer_line(value));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, value);
  const auto wrong = parse_control_answer(control_answer_line(fail(ErrorKind::unsupported, "no such thing")));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(wrong.error().text, "no such thing");
  for (const char* line : {"", "{", "[]", R"({"protocol":1})", R"({"protocol":1,"error":7})"}) {
    EXPECT_FALSE(parse_control_answer(line).has_value()) << line;
  }
}

TEST(ControlProtocol, BytesThatAreNoUnicodeEndNothing) {
  EXPECT_EQ(error_of(parse_control_answer(control_answer_line(fail(ErrorKind::denied,
                                                                   "a\xff"
                                                                   "b")))),
            "a\xef\xbf\xbd"
            "b");
}

TEST(ControlProtocol, ArgumentsAreWhatTheyHaveToBe) {
  const Json object = Json::parse(R"({"text":"a","flag":true,"number":7,"negative":-7})");
  EXPECT_EQ(text_in(object, "text").value_or(""), "a");
  EXPECT_EQ(flag_in(object, "flag").value_or(false), true);
  EXPECT_EQ(number_in(object, "number").value_or(0), 7u);
  EXPECT_EQ(error_of(text_in(object, "number")), "number: a text is expected");
  EXPECT_EQ(error_of(flag_in(object, "missing")), "missing: true or false is expected");
  EXPECT_EQ(error_of(number_in(object, "negative")), "negative: a number is expected");
  EXPECT_EQ(error_of(text_in(Json(7), "text")), "text: a text is expected");
}

}  // namespace
}  // namespace balancefs::test
