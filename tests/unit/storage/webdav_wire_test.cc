#include "storage/webdav/webdav_wire.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "storage/webdav/dav_listing.h"
#include "support/sinks.h"
#include "unit/storage/recorded.h"

namespace balancefs::test {
namespace {

struct Parsed {
  CollectingListing listing;
  Result<void> outcome;
  const ObjectInfo& at(const std::string& name) const { return listing.entries.at(name).at(0); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, infos] : listing.entries)
      out.push_back(infos.size() == 1 ? name : name + " (twice)");
    return out;
  }
};

Parsed parse(std::string_view text, std::string_view url = "http://127.0.0.1:8080/", std::size_t piece = 7) {
  Parsed out;
  DavListing listing("/test", true, out.listing);
  listing.set_request_url(url);
  MultistatusParser parser([&](const DavResponse& response) { return listing.add(response); });
  for (std::size_t at = 0; at < text.size() && out.outcome; at += piece) {
    out.outcome = parser.feed(text.substr(at, piece));
  }
  if (out.outcome) out.outcome = parser.finish();
  if (out.outcome) out.outcome = listing.finish();
  return out;
}

std::string multistatus(const std::string& responses) {
  return R"(<?xml version="1.0"?><multistatus xmlns="DAV:">)" + responses + "</multistatus>";
}
std::string folder(const std::string& href) {
  return "<response><href>" + href +
         "</href><propstat><prop><resourcetype><collection/></resourcetype></prop>"
         "<status>HTTP/1.1 200 OK</status></propstat></response>";
}
std::string file(const std::string& href,
                 const std::string& props = "<getcontentlength>7</getcontentlength>") {
  return "<response><href>" + href + "</href><propstat><prop><resourcetype/>" + props +
         "</prop><status>HTTP/1.1 200 OK</status></propstat></response>";
}
std::string failed(const std::string& href, const std::string& status) {
  return "<response><href>" + href + "</href><status>HTTP/1.1 " + status + "</status></response>";
}

using Names = std::vector<std::string>;

TEST(Multistatus, RealAnswersOfFourServersMeanTheSame) {
  for (const char* server : {"nginx", "apache", "lighttpd", "rclone"}) {
    const Parsed got = parse(recorded(std::string("multistatus/") + server + ".xml"));
    ASSERT_TRUE(got.outcome) << server << ": " << got.outcome.error().text;
    EXPECT_EQ(got.names(), (Names{kOddName, "bad\xff.txt", "big.bin", "it's:colon.txt", "sp ace", "sub"}))
        << server;
    EXPECT_EQ(got.at("big.bin").size, 1'300'000u);
    EXPECT_EQ(got.at("big.bin").size_kind, SizeKind::exact);
    EXPECT_EQ(got.at("big.bin").validator.modified, recorded_time()) << server;
    EXPECT_EQ(got.at(kOddName).size, 3u);
    EXPECT_EQ(got.at("sp ace").type, ObjectType::directory);
    EXPECT_EQ(got.at("sp ace").size, 0u);
  }
}

TEST(Multistatus, HrefsOfEveryFormAreTheSameFolder) {
  const std::string url = "http://127.0.0.1:8080/dav/my%20dir/";
  for (const std::string base : {"/dav/my%20dir/", "/dav/my%20dir", "http://other:1/dav/my%20dir/",
                                 "//dav//my%20dir/", "/dav/my dir/", "/d%61v/my%20dir/"}) {
    const std::string slash = base.ends_with('/') ? base : base + '/';
    const Parsed got = parse(multistatus(folder(base) + file(slash + "a%2Bb") + folder(slash + "c")), url);
    ASSERT_TRUE(got.outcome) << base << ": " << got.outcome.error().text;
    EXPECT_EQ(got.names(), (Names{"a+b", "c"})) << base;
  }
  EXPECT_EQ(parse(multistatus(folder("./") + file("x") + file("./y")), url).names(), (Names{"x", "y"}));
}

TEST(Multistatus, TheFolderItselfMayComeLastOrNotAtAll) {
  const std::string url = "http://h/dav/";
  EXPECT_EQ(parse(multistatus(file("/dav/a") + folder("/dav/b/") + folder("/dav/")), url).names(),
            (Names{"a", "b"}));
  EXPECT_EQ(parse(multistatus(file("/dav/a") + folder("/dav/b/")), url).names(), (Names{"a", "b"}));
  EXPECT_EQ(parse(multistatus(folder("/dav/b/")), url).names(), (Names{"b"}));
  EXPECT_EQ(parse(multistatus(folder("/dav/")), url).names(), Names{});
}

TEST(Multistatus, AnAnswerThatNamesNothingIsNoEmptyFolder) {
  for (const std::string& responses : {std::string(), file("/..%2Fetc")}) {
    const Parsed nothing = parse(multistatus(responses));
    ASSERT_FALSE(nothing.outcome) << responses;
    EXPECT_EQ(nothing.outcome.error().kind, ErrorKind::corrupted);
  }
}

TEST(Multistatus, AnotherPrefixBehindAProxyIsRecognised) {
  const std::string answers = folder("/backend/x/") + file("/backend/x/a") + folder("/backend/x/b/");
  EXPECT_EQ(parse(multistatus(answers), "http://h/public/").names(), (Names{"a", "b"}));
  EXPECT_EQ(parse(multistatus(answers), "http://h/").names(), (Names{"a", "b"}));
  EXPECT_EQ(parse(multistatus(file("/backend/x/a") + file("/backend/x/b")), "http://h/p/x/").names(),
            (Names{"a", "b"}));
  const Parsed other = parse(multistatus(file("/else/a") + file("/where/b")), "http://h/public/");
  ASSERT_FALSE(other.outcome);
  EXPECT_EQ(other.outcome.error().kind, ErrorKind::corrupted);
}

TEST(Multistatus, NamesThatCouldLeaveTheFolderAreDropped) {
  const Parsed got =
      parse(multistatus(folder("/") + file("/..%2Fetc") + file("/%2e%2e") + file("/..") + file("/a%00b") +
                        file("/.") + file("/a/../../b") + file("/deeper/x") + file("/ok")));
  ASSERT_TRUE(got.outcome) << got.outcome.error().text;
  EXPECT_EQ(got.names(), (Names{"ok"}));
}

TEST(Multistatus, ADuplicateIsListedOnce) {
  EXPECT_EQ(parse(multistatus(folder("/") + file("/a") + file("/a") + file("/%61"))).names(), (Names{"a"}));
}

TEST(Multistatus, MissingPropertiesStayMissing) {
  const Parsed got =
      parse(multistatus(folder("/") + file("/none", "") + file("/weak", "<getetag>W/\"x\"</getetag>") +
                        file("/bare", "<getetag>x</getetag>") +
                        file("/bad",
                             "<getcontentlength>-1</getcontentlength>"
                             "<getlastmodified>soon</getlastmodified>") +
                        "<response><href>/untyped/</href></response>"));
  ASSERT_TRUE(got.outcome) << got.outcome.error().text;
  EXPECT_EQ(got.at("none").size_kind, SizeKind::unknown);
  EXPECT_TRUE(got.at("none").validator.empty());
  EXPECT_EQ(got.at("weak").validator.etag, "\"x\"");
  EXPECT_EQ(got.at("bare").validator.etag, "\"x\"");
  EXPECT_EQ(got.at("bad").size_kind, SizeKind::unknown);
  EXPECT_FALSE(got.at("bad").validator.modified);
  EXPECT_EQ(got.at("untyped").type, ObjectType::directory);
}

TEST(Multistatus, ChecksumsOfOwncloudAreKept) {
  const std::string sha1(40, 'A'), md5(32, 'd');
  const auto checksums = [](const std::string& inside) {
    return "<oc:checksums xmlns:oc=\"http://owncloud.org/ns\">" + inside + "</oc:checksums>";
  };
  const auto in_one =
      checksums("<oc:checksum>MD5:" + md5 + " SHA1:" + sha1 + " ADLER32:01234567</oc:checksum>");
  const auto each =
      checksums("<oc:checksum>SHA1:" + sha1 + "</oc:checksum><oc:checksum>MD5:" + md5 + "</oc:checksum>");
  const auto weak = checksums("<oc:checksum>ADLER32:01234567</oc:checksum>");
  const Parsed got =
      parse(multistatus(folder("/") + file("/one", in_one) + file("/each", each) + file("/weak", weak)));
  const std::string both = "sha1:" + std::string(40, 'a') + " md5:" + md5;
  EXPECT_EQ(got.at("one").checksum, both);
  EXPECT_EQ(got.at("each").checksum, both);
  EXPECT_EQ(got.at("weak").checksum, "") << "agrees by chance too often";
}

TEST(Multistatus, EntriesThatFailedAreLeftOutOrMakeTheListingFail) {
  EXPECT_EQ(parse(multistatus(folder("/") + failed("/gone", "404 Not Found") +
                              failed("/secret", "403 Forbidden") + file("/a")))
                .names(),
            (Names{"a"}));
  const Parsed broken = parse(multistatus(folder("/") + file("/a") + failed("/b", "500 Oops")));
  ASSERT_FALSE(broken.outcome);
  EXPECT_EQ(broken.outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(parse(multistatus(folder("/") + failed("/b", "what"))).outcome.error().kind,
            ErrorKind::corrupted);
  EXPECT_EQ(parse(multistatus(failed("/", "404 Not Found"))).outcome.error().kind, ErrorKind::not_found);
  EXPECT_EQ(parse(multistatus(failed("/", "403 No"))).outcome.error().kind, ErrorKind::denied);
}

TEST(Multistatus, AFileInPlaceOfTheFolderIsNotFound) {
  const Parsed got = parse(multistatus(file("/dav/film/")), "http://h/dav/film/");
  ASSERT_FALSE(got.outcome);
  EXPECT_EQ(got.outcome.error().kind, ErrorKind::not_found);
}

TEST(Multistatus, WhatIsNoneIsCorrupted) {
  const std::string good = multistatus(folder("/") + file("/a"));
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string("<html><body>Sign in</body></html>"),
        std::string("<multistatus/>"), good.substr(0, good.size() - 3), good + "<more/>",
        std::string("<D:multistatus/>"), multistatus("<response/>"), std::string("\xff\xfe\x00\x00", 4)}) {
    const Parsed got = parse(text);
    ASSERT_FALSE(got.outcome) << text;
    EXPECT_EQ(got.outcome.error().kind, ErrorKind::corrupted) << text;
  }
}

TEST(Multistatus, EveryCutIsNoticed) {
  const std::string whole(trim(recorded("multistatus/nginx.xml")));
  for (std::size_t size = 0; size < whole.size(); size += 13) {
    EXPECT_FALSE(parse(whole.substr(0, size), "http://127.0.0.1:8080/", 4096).outcome) << size;
  }
}

TEST(Multistatus, EntityBombsAreRefused) {
  const std::string bomb =
      R"(<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>)"
      R"(<multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>)";
  EXPECT_EQ(parse(bomb).outcome.error().kind, ErrorKind::corrupted);
  const std::string outside = R"(<!DOCTYPE m SYSTEM "file:///etc/passwd"><multistatus xmlns="DAV:"/>)";
  EXPECT_EQ(parse(outside).outcome.error().kind, ErrorKind::corrupted);
}

TEST(Multistatus, SizesAreBounded) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<x>";
  EXPECT_EQ(parse(multistatus(deep)).outcome.error().kind, ErrorKind::corrupted);
  EXPECT_FALSE(parse(multistatus(folder("/" + std::string(100'000, 'a'))), "http://h/", 65536).outcome);
  std::string attributes = "<x";
  for (int i = 0; i < 100; ++i) attributes += " a" + std::to_string(i) + "='1'";
  EXPECT_FALSE(parse(multistatus(attributes + "/>")).outcome);
  const std::string endless = "<multistatus xmlns=\"DAV:\"><x y='" + std::string(3'000'000, 'a');
  EXPECT_FALSE(parse(endless, "http://h/", 65536).outcome);
}

}  // namespace
}  // namespace balancefs::test
