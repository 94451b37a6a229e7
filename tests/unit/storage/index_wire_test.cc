#include "storage/http_index/index_wire.h"

#include <gtest/gtest.h>

#include <map>

#include "unit/storage/recorded.h"

namespace balancefs::test {
namespace {

struct Page {
  std::map<std::string, IndexEntry> entries;
  Result<void> outcome;
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, entry] : entries) out.push_back(name);
    return out;
  }
};

Page parse(const std::string& text, const std::string& url = "http://127.0.0.1:8080/", bool json = false) {
  Page out;
  IndexParser::OnEntry on_entry = [&](const IndexEntry& entry) {
    EXPECT_TRUE(out.entries.emplace(entry.name, entry).second) << entry.name;
    return Result<void>();
  };
  auto parser = json ? make_json_index_parser(on_entry) : make_html_index_parser(url, on_entry);
  for (std::size_t at = 0; at < text.size() && out.outcome; at += 11)
    out.outcome = parser->feed(text.substr(at, 11));
  if (out.outcome) out.outcome = parser->finish();
  return out;
}

Page json(const std::string& text) {
  return parse(text, "", true);
}

using Names = std::vector<std::string>;
const Names kAll = {kOddName, "bad\xff.txt", "big.bin", "it's:colon.txt", "sp ace", "sub"};

class RecordedPage : public testing::TestWithParam<const char*> {};

TEST_P(RecordedPage, ShowsTheFolder) {
  const Page page = parse(recorded(std::string("html_index/") + GetParam() + ".html"));
  ASSERT_TRUE(page.outcome) << page.outcome.error().text;
  Names expected = kAll;
  // Python writes a byte that is no UTF-8 as the surrogate that it uses inside.
  if (std::string(GetParam()) == "python_http") expected[1] = "bad\xed\xb3\xbf.txt";
  EXPECT_EQ(page.names(), expected);
  EXPECT_TRUE(page.entries.at("sp ace").directory);
  EXPECT_FALSE(page.entries.at("big.bin").directory);
}

INSTANTIATE_TEST_SUITE_P(Servers, RecordedPage,
                         testing::Values("nginx_html", "nginx_html_rounded", "apache_index",
                                         "apache_index_table", "lighttpd_index", "rclone_http",
                                         "python_http"));

IndexEntry big_of(const std::string& server) {
  return parse(recorded("html_index/" + server + ".html")).entries.at("big.bin");
}

TEST(IndexPage, SizesAndTimesAreBelievedAsFarAsTheyGo) {
  const auto minute = make_file_time(2024, 2, 3, 4, 5, 0);
  const IndexEntry nginx = big_of("nginx_html");
  EXPECT_EQ(nginx.size_kind, SizeKind::exact);
  EXPECT_EQ(nginx.size, 1'300'000u);
  EXPECT_EQ(nginx.modified, minute);
  EXPECT_TRUE(nginx.minutes_only);
  const IndexEntry rounded = big_of("nginx_html_rounded");
  EXPECT_EQ(rounded.size_kind, SizeKind::rounded);
  EXPECT_EQ(rounded.size, 1'048'576u);
  const IndexEntry rclone = big_of("rclone_http");
  EXPECT_EQ(rclone.size_kind, SizeKind::exact);
  EXPECT_EQ(rclone.size, 1'300'000u);
  EXPECT_EQ(rclone.modified, recorded_time());
  EXPECT_FALSE(rclone.minutes_only);
  for (const char* server : {"apache_index", "apache_index_table", "lighttpd_index"}) {
    const IndexEntry entry = big_of(server);
    EXPECT_EQ(entry.size_kind, SizeKind::rounded) << server;
    EXPECT_EQ(entry.size, 1'258'291u) << server;
    EXPECT_FALSE(entry.modified) << server << ": its zone is unknown";
  }
  EXPECT_EQ(big_of("python_http").size_kind, SizeKind::unknown);
}

TEST(IndexPage, OnlyLinksDirectlyInTheFolderAreEntries) {
  const Page page = parse(
      "<title>Index of /a/b</title><a href='../'>..</a><a href='/'>root</a><a href='?C=N;O=D'>Name</a>"
      "<a href='#top'>top</a><a href='http://evil.example/a/b/x'>x</a><a href='//evil.example/a/b/y'>y</a>"
      "<a href='javascript:alert(1)'>j</a><a href='mailto:a@b'>m</a><a href='/a/b/absolute'>ok</a>"
      "<a href='http://h:80/a/b/full/'>ok</a><a href='deep/er'>d</a><a href='./'>self</a><a "
      "href='%2e%2e'>u</a>"
      "<a href='a%2Fb'>s</a><a href='n%00'>n</a><a href='file?x=1'>q</a><a href='plain'>p</a><a "
      "href='plain'>p</a>",
      "http://h/a/b/");
  ASSERT_TRUE(page.outcome) << page.outcome.error().text;
  EXPECT_EQ(page.names(), (Names{"absolute", "full", "plain"}));
  EXPECT_TRUE(page.entries.at("full").directory);
}

TEST(IndexPage, AnEmptyFolderIsAnIndexToo) {
  const Page page =
      parse("<html><title>Index of /x/</title><h1>Index of /x/</h1><pre><a href='../'>../</a></pre>");
  EXPECT_TRUE(page.outcome);
  EXPECT_TRUE(page.entries.empty());
}

TEST(IndexPage, WhatDoesNotCallItselfAnIndexIsCorrupted) {
  for (const char* text :
       {"", "hello", "<html><title>Sign in</title><form><a href='forgot'>Forgot?</a></form></html>",
        "<html><h1>Welcome</h1><a href='a.bin'>a</a></html>", "<title>404 Not Found</title>", "[]"}) {
    const Page page = parse(text);
    ASSERT_FALSE(page.outcome) << text;
    EXPECT_EQ(page.outcome.error().kind, ErrorKind::corrupted);
  }
}

TEST(IndexPage, HostilePagesAreBounded) {
  std::string deep = "<title>Index of /</title>";
  for (int i = 0; i < 5000; ++i) deep += "<div>";
  EXPECT_FALSE(parse(deep).outcome);
  const std::string bomb =
      "<!DOCTYPE html [<!ENTITY a 'aaaa'>]><title>Index of /</title><a href='&a;b'>x</a>";
  EXPECT_TRUE(parse(bomb).outcome);
  EXPECT_TRUE(parse("<title>Index of /</title><a href='" + std::string(100'000, 'a') + "'>").entries.empty());
}

TEST(JsonIndex, NginxsAnswerIsExactAndKeepsBytes) {
  const Page page = json(recorded("json_index/nginx.json"));
  ASSERT_TRUE(page.outcome) << page.outcome.error().text;
  EXPECT_EQ(page.names(), kAll);
  EXPECT_EQ(page.entries.at("big.bin").size, 1'300'000u);
  EXPECT_EQ(page.entries.at("big.bin").size_kind, SizeKind::exact);
  EXPECT_EQ(page.entries.at("big.bin").modified, recorded_time());
  EXPECT_TRUE(page.entries.at("sub").directory);
}

TEST(JsonIndex, CaddysAnswerIsUnderstood) {
  const Page page = json(
      R"([{"name":"d/","size":4096,"url":"./d/","mod_time":"2024-02-03T04:05:06Z","mode":1,"is_dir":true},)"
      R"({"name":"f\u00e9","size":7,"url":"./f","mod_time":"2024-02-03T06:05:06+02:00","is_dir":false,"x":null}])");
  ASSERT_TRUE(page.outcome) << page.outcome.error().text;
  EXPECT_TRUE(page.entries.at("d").directory);
  EXPECT_EQ(page.entries.at("fé").size, 7u);
  EXPECT_EQ(page.entries.at("fé").modified, recorded_time());
}

TEST(JsonIndex, AnythingElseIsCorrupted) {
  EXPECT_TRUE(json("[ ]").outcome);
  for (const char* text : {"", "{}", "[", "[{\"name\":\"a\"}", "[1]", "[{\"id\":1}]", "[[[[[[]]]]]]", "null",
                           "[{\"name\":\"a\",\"x\":{\"y\":1}}]", "{\"error\":\"denied\"}"}) {
    EXPECT_FALSE(json(text).outcome) << text;
  }
  EXPECT_EQ(json(R"([{"name":"../x"},{"name":".."},{"name":"a\u0000b"},{"name":"ok"}])").names(),
            (Names{"ok"}));
}

TEST(IndexColumns, AreFoundInAnyOrder) {
  const auto size_of = [](const char* text) {
    IndexEntry entry;
    read_columns(text, entry);
    return entry.size_kind == SizeKind::unknown ? -1 : static_cast<std::int64_t>(entry.size);
  };
  EXPECT_EQ(size_of("2024-02-03 04:05  1.2M  Version 7"), 1'258'291);
  EXPECT_EQ(size_of("2024-Feb-03 04:05:06 0.1K text/plain"), 102);
  EXPECT_EQ(size_of("12 KB"), 12'288);
  EXPECT_EQ(size_of("1.5 GiB 2024-02-03 04:05"), 1'610'612'736);
  EXPECT_EQ(size_of("2024-02-03 04:05 -"), -1);
  EXPECT_EQ(size_of(""), -1);
  EXPECT_EQ(size_of("99999999999999999999999999"), -1);
}

}  // namespace
}  // namespace balancefs::test
