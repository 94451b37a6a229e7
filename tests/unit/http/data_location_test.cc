// Where a storage's data is, as its readers tell each other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/range_reader.h"
#include "support/ramp_bytes.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

class DataLocationTest : public ::testing::Test {
 protected:
  ScriptedHttp::Answer& partial(std::uint64_t first, std::uint64_t last) {
    std::vector<HttpHeader> headers;
    headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/1000", first, last));
    headers.emplace_back("Content-Length", std::to_string(last - first + 1));
    return http.answer(206, std::move(headers), ramp_bytes(first, last - first + 1));
  }
  void open(const std::string& url) {
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), url, version, 3, true, location);
  }
  Result<void> read(std::uint64_t first, std::uint64_t last) {
    StringSink sink(first);
    RequestContext why;
    return t.run(reader->read(ByteRange(first, last - first + 1), sink, why));
  }
  static std::shared_ptr<Version> a_version() {
    ObjectInfo info;
    info.size = 1000;
    return std::make_shared<Version>(1, *Path::parse("a"), std::vector<ObjectInfo>{info});
  }

  TestLoop t;
  ScriptedHttp http;
  std::shared_ptr<Version> version = a_version();
  std::shared_ptr<DataLocation> location = std::make_shared<DataLocation>();
  std::unique_ptr<ObjectReader> reader;
};

TEST_F(DataLocationTest, WhereTheLastDataWasDirectPartsDoNotWaitForEachOther) {
  open("https://h/a");
  partial(0, 9);
  ASSERT_TRUE(read(0, 9).has_value());
  EXPECT_TRUE(location->direct);
  open("https://h/b");
  partial(10, 19).hold = true;
  partial(20, 29).hold = true;
  StringSink first(10);
  StringSink second(20);
  RequestContext for_first;
  RequestContext for_second;
  Flow<Result<void>> one(t.executor(), reader->read(ByteRange(10, 10), first, for_first));
  Flow<Result<void>> two(t.executor(), reader->read(ByteRange(20, 10), second, for_second));
  t.settle();
  EXPECT_EQ(http.requests.size(), 3u) << "both are under way";
  http.release();
  t.settle();
  http.release();
  t.settle();
  ASSERT_TRUE(one.done() && two.done());
  EXPECT_TRUE(one.take().has_value() && two.take().has_value());
}

TEST_F(DataLocationTest, AStorageThatBeginsToRedirectIsNoticed) {
  location->direct = true;
  open("https://h/a");
  http.answer(302, {HttpHeader("Location", "https://cdn/a?sign=1")}, "moved");
  partial(0, 9);
  ASSERT_TRUE(read(0, 9).has_value());
  EXPECT_FALSE(location->direct);
  partial(10, 19);
  ASSERT_TRUE(read(10, 19).has_value());
  EXPECT_EQ(http.requests.back().url, "https://cdn/a?sign=1");
}

}  // namespace
}  // namespace balancefs::test
