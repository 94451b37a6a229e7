// The flows of the HTTP drivers on scripted answers: what each kind of answer means.
#include <gtest/gtest.h>

#include "storage/registry.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

const std::string kFolder =
    R"(<multistatus xmlns="DAV:"><response><href>/dav/</href><propstat><prop><resourcetype><collection/></resourcetype>)"
    R"(</prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>)";
const std::string kFileWithoutSize =
    R"(<multistatus xmlns="DAV:"><response><href>/dav/a</href><propstat><prop><resourcetype/><getetag>"e"</getetag>)"
    R"(</prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>)";

class HttpStorages : public testing::Test {
 protected:
  void use(const std::string& type) {
    StorageOptions options;
    options.path = "/tested";
    options.type = type;
    options.url = "http://h/dav";
    StorageContext context(t.executor(), t.clock, http);
    storage = std::move(make_storage(options, context).value());
  }
  Result<void> list(const std::string& path = "") {
    RequestContext why;
    listing = CollectingListing();
    return t.run(storage->list(*Path::parse(path), listing, why));
  }
  Result<ObjectInfo> stat(const std::string& path, bool checksums = false) {
    RequestContext why;
    why.checksums = checksums;
    return t.run(storage->stat(*Path::parse(path), why));
  }
  ErrorKind probe() {
    RequestContext why;
    return t.run(storage->probe(why)).error().kind;
  }

  TestLoop t;
  ScriptedHttp http;
  std::unique_ptr<Storage> storage;
  CollectingListing listing;
};

using Headers = std::vector<HttpHeader>;
const Headers kHtml = {HttpHeader("Content-Type", "text/html; charset=utf-8")};

TEST_F(HttpStorages, AListingIsOnePropfindOfTheEncodedFolder) {
  use("webdav");
  http.answer(207, {}, kFolder);
  EXPECT_TRUE(list("a b/c#%"));
  ASSERT_EQ(http.requests.size(), 1u);
  EXPECT_EQ(http.requests[0].method, "PROPFIND");
  EXPECT_EQ(http.requests[0].url, "http://h/dav/a%20b/c%23%25/");
  EXPECT_EQ(http.sent(0, "Depth"), "1");
}

TEST_F(HttpStorages, WhatIsNoWebdavServerIsNamed) {
  use("webdav");
  for (const int status : {405, 501}) {
    http.answer(status, kHtml, "<html>no</html>");
    EXPECT_EQ(probe(), ErrorKind::unsupported) << status;
  }
}

TEST_F(HttpStorages, ALoginPageIsNeverAListing) {
  use("webdav");
  http.answer(200, kHtml, "<html>Sign in</html>");
  http.answer(207, kHtml, "<html>Sign in</html>");
  http.answer(207, {}, kFolder.substr(0, kFolder.size() - 5));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(list().error().kind, ErrorKind::corrupted);
  use("http");
  http.answer(200, kHtml, "<html><title>Sign in</title></html>");
  EXPECT_EQ(list().error().kind, ErrorKind::corrupted);
  http.answer(200, kHtml, "<html><title>Sign in</title></html>");
  EXPECT_EQ(stat("film.mkv").error().kind, ErrorKind::corrupted) << "nor a file";
  http.answer(200, kHtml, "<html><title>Sign in</title></html>");
  EXPECT_EQ(probe(), ErrorKind::corrupted) << "nor a proof of life";
}

TEST_F(HttpStorages, StatusesKeepTheirMeaning) {
  for (const char* type : {"webdav", "http"}) {
    use(type);
    for (const auto& [status, kind] : std::vector<std::pair<int, ErrorKind>>{{404, ErrorKind::not_found},
                                                                             {401, ErrorKind::denied},
                                                                             {429, ErrorKind::throttled},
                                                                             {500, ErrorKind::unavailable}}) {
      http.answer(status);
      EXPECT_EQ(list("x").error().kind, kind) << type << status;
    }
  }
}

TEST_F(HttpStorages, AMissingSizeIsAskedByHead) {
  use("webdav");
  http.answer(207, {}, kFileWithoutSize);
  http.answer(200, {HttpHeader("Content-Length", "77"), HttpHeader("ETag", "\"other\"")});
  const auto info = stat("a");
  ASSERT_TRUE(info) << info.error().text;
  EXPECT_EQ(info->size, 77u);
  EXPECT_EQ(info->size_kind, SizeKind::exact);
  EXPECT_EQ(info->validator.etag, "\"e\"") << "the listing's, which listings are compared with";
  EXPECT_EQ(http.requests[1].method, "HEAD");
}

TEST_F(HttpStorages, AListingRefusedForTheSlashOfAFileIsAskedAgainWithoutIt) {
  use("webdav");
  http.answer(403);
  http.answer(207, {}, kFileWithoutSize);
  EXPECT_EQ(list("a").error().kind, ErrorKind::not_found);
  EXPECT_EQ(http.requests[1].url, "http://h/dav/a");
  http.answer(403);
  http.answer(207, {}, kFolder);
  EXPECT_EQ(list("a").error().kind, ErrorKind::denied);
}

TEST_F(HttpStorages, ARedirectToTheSlashIsAFolder) {
  use("http");
  http.answer(301, {HttpHeader("Location", "http://inner:8080/prefix/a%20b/")});
  EXPECT_EQ(stat("a b")->type, ObjectType::directory);
  EXPECT_EQ(http.requests.size(), 1u);
}

TEST_F(HttpStorages, AServerThatRefusesHeadIsAskedForOneByte) {
  use("http");
  http.answer(405);
  http.answer(206, {HttpHeader("Content-Range", "bytes 0-0/4711"), HttpHeader("Content-Length", "1")}, "x");
  const auto info = stat("film.mkv");
  ASSERT_TRUE(info) << info.error().text;
  EXPECT_EQ(info->size, 4711u);
  EXPECT_EQ(http.sent(1, "Range"), "bytes=0-0");
}

TEST_F(HttpStorages, TimesOfAPageInMinutesAndOfHeadAgree) {
  use("http");
  http.answer(200, kHtml, "<title>Index of /</title><pre><a href='a'>a</a>  03-Feb-2024 04:05   7\n</pre>");
  ASSERT_TRUE(list());
  http.answer(
      200, {HttpHeader("Content-Length", "7"), HttpHeader("Last-Modified", "Sat, 03 Feb 2024 04:05:06 GMT")});
  EXPECT_EQ(stat("a")->validator.modified, listing.entries.at("a").at(0).validator.modified);
}

TEST_F(HttpStorages, UnknownTypesAreRefused) {
  StorageOptions options;
  options.type = "gopher";
  StorageContext context(t.executor(), t.clock, http);
  EXPECT_EQ(make_storage(options, context).error().kind, ErrorKind::unsupported);
  EXPECT_FALSE(known_type("gopher"));
  for (const char* type : {"webdav", "http", "local"}) EXPECT_TRUE(known_type(type));
}

const std::string kFile =
    R"(<multistatus xmlns="DAV:"><response><href>/dav/a</href><propstat><prop><resourcetype/>)"
    R"(<getcontentlength>6</getcontentlength></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>)";
const Headers kDigest = {HttpHeader("Content-Length", "6"),
                         HttpHeader("Content-MD5", "sZRqySSS0jR8YjW00mERhA==")};
const std::string kMd5 = "md5:b1946ac92492d2347c6235b4d2611184";

TEST_F(HttpStorages, ChecksumsOfAHeadAreTheFiles) {
  use("http");
  http.answer(200, kDigest);
  EXPECT_EQ(stat("a")->checksum, kMd5);
  EXPECT_EQ(http.sent(0, "Want-Repr-Digest"), "") << "nobody asked for them";
  http.answer(200, kDigest);
  EXPECT_EQ(stat("a", true)->checksum, kMd5);
  EXPECT_EQ(http.sent(1, "Want-Repr-Digest"), "sha-256=1");
}

TEST_F(HttpStorages, AWebdavServerIsAskedOnceMoreForChecksumsThatAreWanted) {
  use("webdav");
  http.answer(207, {}, kFile);
  EXPECT_EQ(stat("a")->checksum, "");
  EXPECT_EQ(http.requests.size(), 1u);
  http.answer(207, {}, kFile);
  http.answer(200, kDigest);
  EXPECT_EQ(stat("a", true)->checksum, kMd5);
  ASSERT_EQ(http.requests.size(), 3u);
  EXPECT_EQ(http.requests[2].method, "HEAD");
  EXPECT_EQ(http.sent(2, "Want-Repr-Digest"), "sha-256=1");
}

TEST_F(HttpStorages, TheChecksumsOfAPropfindAndOfAHeadAddUp) {
  use("webdav");
  const std::string sha1 = std::string(40, 'a');
  std::string listed = kFile;
  listed.insert(listed.find("</prop>"), R"(<checksums xmlns="http://owncloud.org/ns"><checksum>SHA1:)" +
                                            sha1 + "</checksum></checksums>");
  http.answer(207, {}, listed);
  EXPECT_EQ(stat("a")->checksum, "sha1:" + sha1);
  http.answer(207, {}, listed);
  http.answer(200, kDigest);
  EXPECT_EQ(stat("a", true)->checksum, "sha1:" + sha1 + " " + kMd5);
}

TEST_F(HttpStorages, AHeadThatBringsNoChecksumsTakesNothingAway) {
  use("webdav");
  http.answer(207, {}, kFile);
  http.answer(405);
  EXPECT_EQ(stat("a", true)->size, 6u);
  http.answer(207, {}, kFile);
  Headers other = kDigest;
  other[0].value = "7";
  http.answer(200, other);
  const auto changing = stat("a", true);
  EXPECT_EQ(changing->size, 6u);
  EXPECT_EQ(changing->checksum, "") << "of another state of the file";
}

}  // namespace
}  // namespace balancefs::test
