#include "daemon/dav_answer.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

DemoFiles library() {
  DemoFiles files;
  files.add_text("README.txt", "hello");
  files.add_data("films/a & b #1.mkv", 1000);
  files.add_data("films/deep/c.mkv", 10);
  return files;
}

DavAnswer ask(const DemoFiles& files, std::string method, std::string path,
              std::vector<HttpHeader> headers = {}) {
  DavRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.headers = std::move(headers);
  return dav_answer(request, files, "one");
}

std::string header_of(const DavAnswer& answer, std::string_view name) {
  for (const HttpHeader& header : answer.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

void expect_range(std::string_view header, DavRange::Kind kind, std::uint64_t offset, std::uint64_t length) {
  const DavRange range = parse_range(header, 1000);
  EXPECT_EQ(range.kind, kind) << header;
  EXPECT_EQ(range.range, ByteRange(offset, length)) << header;
}

TEST(DavRange, IsReadAsTheStandardSays) {
  using Kind = DavRange::Kind;
  expect_range("bytes=0-0", Kind::part, 0, 1);
  expect_range("bytes=100-199", Kind::part, 100, 100);
  expect_range("bytes=100-", Kind::part, 100, 900);
  expect_range("bytes=100-5000", Kind::part, 100, 900);
  expect_range("bytes=-10", Kind::part, 990, 10);
  expect_range("bytes=-5000", Kind::part, 0, 1000);
  expect_range("bytes=1000-", Kind::unsatisfiable, 0, 0);
  expect_range("bytes=-0", Kind::unsatisfiable, 0, 0);
  for (const char* senseless :
       {"", "lines=1-2", "bytes=", "bytes=-", "bytes=9-3", "bytes=a-b", "bytes=0-1,5-6"}) {
    expect_range(senseless, Kind::whole, 0, 1000);
  }
}

TEST(DavAnswer, GivesAWholeFileAndAPartOfIt) {
  const DemoFiles files = library();
  const DavAnswer whole = ask(files, "GET", "/films/a & b #1.mkv");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.range, ByteRange(0, 1000));
  EXPECT_EQ(header_of(whole, "Last-Modified"), "Wed, 01 May 2024 08:00:00 GMT");
  const DavAnswer part = ask(files, "GET", "/films/a & b #1.mkv", {{"range", "bytes=10-19"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(header_of(part, "Content-Range"), "bytes 10-19/1000");
  EXPECT_EQ(part.range, ByteRange(10, 10));
  const DavAnswer beyond = ask(files, "GET", "/films/a & b #1.mkv", {{"range", "bytes=1000-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(header_of(beyond, "Content-Range"), "bytes */1000");
}

TEST(DavAnswer, KeepsConditions) {
  const DemoFiles files = library();
  const std::string etag = header_of(ask(files, "HEAD", "/README.txt"), "ETag");
  EXPECT_EQ(ask(files, "GET", "/README.txt", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(ask(files, "GET", "/README.txt", {{"If-Match", "\"old\""}}).status, 412);
  EXPECT_EQ(ask(files, "GET", "/README.txt", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(ask(files, "GET", "/README.txt", {{"If-Range", etag}, {"Range", "bytes=1-2"}}).status, 206);
  EXPECT_EQ(ask(files, "GET", "/README.txt", {{"If-Range", "\"old\""}, {"Range", "bytes=1-2"}}).status, 200);
}

TEST(DavAnswer, TwoServersNeverAgreeOnAnETag) {
  const DemoFiles files = library();
  DavRequest request;
  request.method = "HEAD";
  request.path = "/README.txt";
  EXPECT_NE(header_of(dav_answer(request, files, "one"), "ETag"),
            header_of(dav_answer(request, files, "two"), "ETag"));
}

TEST(DavAnswer, ListsAFolderWithItselfFirst) {
  const DemoFiles files = library();
  const DavAnswer listing = ask(files, "PROPFIND", "/films/", {{"Depth", "1"}});
  EXPECT_EQ(listing.status, 207);
  const std::size_t self = listing.body.find("<D:href>/films/</D:href>");
  const std::size_t file = listing.body.find("<D:href>/films/a%20%26%20b%20%231.mkv</D:href>");
  const std::size_t folder = listing.body.find("<D:href>/films/deep/</D:href>");
  EXPECT_LT(self, file);
  EXPECT_LT(file, folder);
  EXPECT_NE(folder, std::string::npos);
  EXPECT_EQ(listing.body.find("c.mkv"), std::string::npos) << "depth 1 goes no deeper";
  const DavAnswer itself = ask(files, "PROPFIND", "/films", {{"Depth", "0"}});
  EXPECT_EQ(itself.body.find("deep"), std::string::npos);
}

TEST(DavAnswer, RefusesWhatItDoesNotDo) {
  const DemoFiles files = library();
  EXPECT_EQ(ask(files, "PROPFIND", "/").status, 403) << "no depth means infinity";
  EXPECT_EQ(ask(files, "PROPFIND", "/none", {{"Depth", "1"}}).status, 404);
  EXPECT_EQ(ask(files, "GET", "/none").status, 404);
  EXPECT_EQ(ask(files, "PUT", "/README.txt").status, 405);
  EXPECT_EQ(header_of(ask(files, "OPTIONS", "/"), "DAV"), "1");
}

}  // namespace
}  // namespace balancefs::test
