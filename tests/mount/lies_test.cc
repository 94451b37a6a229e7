// Servers that lie: pages instead of data, hostile listings, links that die, validators of their own. Nothing
// of it reaches a program as a name or as bytes, and nothing of it takes the mount down.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "mount/balanced_mount.h"
#include "support/origin.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 5U << 20U;
constexpr const char* kImpatient =
    "[metadata]\nttl = \"1s\"\npatience = \"1s\"\ntimeout = \"3s\"\n[read]\nread_timeout = \"5s\"\n";

class Lies : public MountTest {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (int i = 0; i < 5; ++i) origin_.add_file("d/" + numbered(i), kSize, static_cast<std::uint32_t>(i));
  }
  void mount(const std::string& sections = kImpatient) {
    MountConfig config = balanced({origin_.url()});
    config.sections = sections;
    app_ = std::make_unique<MountedApp>(config);
  }
  void mount_both(Origin& other) {
    MountConfig config = balanced({origin_.url(), other.url()});
    config.sections = kImpatient;
    app_ = std::make_unique<MountedApp>(config);
  }
  std::string pt(const std::string& name = {}) const {
    return app_->path(name.empty() ? "pt" : "pt/" + name);
  }
  std::string listed(const std::string& name) const { return run({"ls", "-A", pt(name)}, 60s).out; }
  static constexpr const char* kNames = "f000\nf001\nf002\nf003\nf004\n";

  /// Lists the root as these hrefs, which stand in the XML as they are.
  void list_root_as(const std::vector<std::string>& hrefs) {
    std::string xml = R"(<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">)";
    for (const std::string& href : hrefs) {
      xml += fmt::format(
          "<D:response><D:href>{}</D:href><D:propstat><D:prop><D:getcontentlength>5</D:getcontentlength>"
          "<D:resourcetype>{}</D:resourcetype></D:prop><D:status>HTTP/1.1 200 "
          "OK</D:status></D:propstat></D:response>",
          href, href.ends_with("/") ? "<D:collection/>" : "");
    }
    answer_root_with(207, "application/xml", xml + "</D:multistatus>");
  }
  void answer_root_with(int status, const std::string& type, const std::string& body) {
    origin_.set_script([=](const OriginRequest& request) -> std::optional<OriginReply> {
      if (request.method != "PROPFIND" || request.path != "/") return std::nullopt;
      return OriginReply(status, type, body);
    });
  }

  Origin origin_;
  std::unique_ptr<MountedApp> app_;
};

TEST_F(Lies, ALoginPageFromTheBeginningIsAnErrorAndNoFile) {
  OriginLies lies;
  lies.login_page = true;
  origin_.set_lies(lies);
  mount();
  const ProgramResult listing = run({"ls", "-A", pt()}, 60s);
  EXPECT_NE(listing.status, 0);
  EXPECT_NE(listing.err.find("Input/output error"), std::string::npos) << listing.text();
  EXPECT_EQ(open_error(pt("d/f001")), EIO);
  origin_.set_lies(OriginLies());
  EXPECT_TRUE(eventually([&] { return listed("d") == kNames; }, 60s));
}

TEST_F(Lies, ALoginPageLaterIsNeitherDataNorAListing) {
  Origin other;
  for (int i = 0; i < 5; ++i) other.add_file("d/" + numbered(i), kSize, static_cast<std::uint32_t>(i));
  mount_both(other);
  ASSERT_EQ(listed("d"), kNames);
  OriginLies lies;
  lies.login_page = true;
  origin_.set_lies(lies);
  for (int i = 0; i < 5; ++i) {
    const FileContent content = read_file(pt("d/" + numbered(i)));
    EXPECT_EQ(content.error, 0);
    EXPECT_TRUE(content.text == ramp_bytes(0, kSize, static_cast<std::uint32_t>(i))) << i;
  }
  std::this_thread::sleep_for(1200ms);
  EXPECT_EQ(listed("d"), kNames);
}

TEST_F(Lies, AnEmptyRootIsNotBelieved) {
  mount();
  ASSERT_EQ(listed(""), "d\n");
  OriginLies lies;
  lies.empty_root = true;
  origin_.set_lies(lies);
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(800ms);
    EXPECT_EQ(listed(""), "d\n");
  }
  EXPECT_EQ(read_file(pt("d/f001")).error, 0);
}

TEST_F(Lies, AListingWithoutSizesShowsTheRightOnesToPrograms) {
  OriginLies lies;
  lies.no_sizes = true;
  origin_.set_lies(lies);
  mount();
  const ProgramResult sizes = run_script("stat -c '%s' *", pt("d"));
  EXPECT_EQ(sizes.out, fmt::format("{0}\n{0}\n{0}\n{0}\n{0}\n", kSize)) << sizes.text();
  EXPECT_TRUE(read_file(pt("d/f002")).text == ramp_bytes(0, kSize, 2));
}

TEST_F(Lies, DataBehindARedirectWithValidatorsOfItsOwnIsRead) {
  Origin cdn;
  cdn.set_etag_prefix("cdn");
  for (int i = 0; i < 5; ++i) cdn.add_file("d/" + numbered(i), kSize, static_cast<std::uint32_t>(i));
  OriginLies signed_only;
  signed_only.signed_only = true;
  cdn.set_lies(signed_only);
  OriginLies redirects;
  redirects.redirect_to = cdn.url();
  origin_.set_lies(redirects);
  mount();
  for (int i = 0; i < 5; ++i) {
    const FileContent content = read_file(pt("d/" + numbered(i)));
    EXPECT_EQ(content.error, 0);
    EXPECT_TRUE(content.text == ramp_bytes(0, kSize, static_cast<std::uint32_t>(i))) << i;
  }
  EXPECT_EQ(cdn.counts().authorizations, 0U);
}

TEST_F(Lies, LinksThatAnswerOnceAreResolvedAgain) {
  Origin cdn;
  cdn.set_etag_prefix("cdn");
  for (int i = 0; i < 5; ++i) cdn.add_file("d/" + numbered(i), kSize, static_cast<std::uint32_t>(i));
  OriginLies once;
  once.signed_only = true;
  once.link_uses = 1;
  cdn.set_lies(once);
  OriginLies redirects;
  redirects.redirect_to = cdn.url();
  origin_.set_lies(redirects);
  mount();
  const FileContent content = read_file(pt("d/f003"));
  EXPECT_EQ(content.error, 0);
  EXPECT_TRUE(content.text == ramp_bytes(0, kSize, 3)) << content.text.size();
}

TEST_F(Lies, LinksThatExpireInTheMiddleOfAReadAreResolvedAgain) {
  Origin cdn;
  cdn.add_file("d/f003", kSize, 3);
  OriginLies signed_only;
  signed_only.signed_only = true;
  cdn.set_lies(signed_only);
  OriginLies redirects;
  redirects.redirect_to = cdn.url();
  origin_.set_lies(redirects);
  mount();
  const int fd = open(pt("d/f003").c_str(), O_RDONLY);
  std::vector<std::byte> bytes(1000);
  for (off_t offset = 0; offset < static_cast<off_t>(kSize) - 1000; offset += 1000000) {
    EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), offset), 1000) << offset;
    EXPECT_TRUE(is_ramp(bytes, static_cast<std::uint64_t>(offset), 3)) << offset;
    cdn.expire_links();
  }
  close(fd);
}

TEST_F(Lies, HostileNamesAreNeverShown) {
  list_root_as({"/", "/good", "/a%2Fb", "/..", "/%2e%2e", "/.", "/%2e", "/nul%00byte", "/../outside",
                "/..%2foutside", "/d/", "/with%0Anewline", "/latin%E9"});
  mount();
  const ProgramResult names =
      run_script("find . -mindepth 1 -maxdepth 1 -print0 | LC_ALL=C sort -z | tr '\\0' '|'", pt());
  EXPECT_EQ(names.status, 0) << names.text();
  EXPECT_EQ(names.out, "./d|./good|./latin\xE9|./with\nnewline|");
  EXPECT_EQ(listed("d"), kNames);
}

TEST_F(Lies, SenselessListingsAreErrorsAndTheMountLivesOn) {
  std::string bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaa\">";
  for (char c = 'b'; c < 'm'; ++c) {
    const std::string above(1, static_cast<char>(c - 1));
    bomb += fmt::format("<!ENTITY {0} \"&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};&{1};\">", c, above);
  }
  bomb += "]><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/&l;</D:href></D:response></D:multistatus>";
  std::string deep = "<D:multistatus xmlns:D=\"DAV:\">";
  for (int i = 0; i < 100000; ++i) deep += "<D:x>";
  const std::string bodies[] = {
      "",
      "not xml at all",
      "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/goo",
      "<?xml version=\"1.0\"?><other/>",
      bomb,
      deep,
      std::string(1000, '\0'),
  };
  for (const std::string& body : bodies) {
    answer_root_with(207, "application/xml", body);
    mount();
    const ProgramResult listing = run({"ls", "-A", pt()}, 60s);
    EXPECT_NE(listing.status, 0) << body.substr(0, 100);
    EXPECT_EQ(listing.out, "");
    EXPECT_NE(listing.err.find("Input/output error"), std::string::npos) << listing.text();
    EXPECT_EQ(open_error(pt("d")), EIO);
    app_.reset();  // asserts that it has not crashed
  }
}

TEST_F(Lies, AnEncodedBodyIsRefused) {
  OriginLies lies;
  lies.content_encoding = true;
  mount();
  ASSERT_EQ(listed("d"), kNames);
  origin_.set_lies(lies);
  EXPECT_EQ(read_file(pt("d/f001")).error, EIO);
}

TEST_F(Lies, ShorterRangesThanAskedAreDataAsFarAsTheyGo) {
  OriginLies lies;
  lies.longest_range = 300000;
  origin_.set_lies(lies);
  mount();
  EXPECT_TRUE(read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 1));
}

TEST_F(Lies, AServerWithoutRangesIsReadFromTheStart) {
  OriginLies lies;
  lies.ignore_range = true;
  origin_.set_lies(lies);
  mount();
  EXPECT_TRUE(read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 1));
  const int fd = open(pt("d/f002").c_str(), O_RDONLY);
  std::vector<std::byte> bytes(1000);
  for (const off_t offset : {4000000, 100, 2000000}) {
    EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), offset), 1000) << offset;
    EXPECT_TRUE(is_ramp(bytes, static_cast<std::uint64_t>(offset), 2)) << offset;
  }
  close(fd);
}

TEST_F(Lies, TwoChangesWithinASecondAreTwoVersions) {
  mount();
  ASSERT_TRUE(read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 1));
  origin_.add_file("d/f001", kSize, 50, 2);
  EXPECT_TRUE(eventually([&] { return read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 50); }));
  origin_.add_file("d/f001", kSize, 60, 3);
  origin_.add_file("d/f001", kSize, 70, 4);
  EXPECT_TRUE(eventually([&] { return read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 70); }));
}

TEST_F(Lies, AFileThatChangesInTheMiddleOfAReadIsNeverMixed) {
  mount("[metadata]\nttl = \"60s\"\n");
  const int fd = open(pt("d/f001").c_str(), O_RDONLY);
  std::vector<std::byte> bytes(1000);
  ASSERT_EQ(pread(fd, bytes.data(), bytes.size(), 0), 1000);
  origin_.add_file("d/f001", kSize, 50, 2);
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), kSize - 1000), -1);
  EXPECT_EQ(errno, ESTALE);
  EXPECT_TRUE(read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 50)) << "a new open";
  close(fd);
}

TEST_F(Lies, NoSecretReachesTheLog) {
  OriginLies guarded;
  guarded.user = "alice";
  guarded.password = "pass-word-1";
  Origin cdn;
  cdn.add_file("d/f001", kSize, 1);
  guarded.redirect_to = cdn.url();
  origin_.set_lies(guarded);
  MountConfig config = balanced({origin_.url()});
  config.storages[0].extra = "user = 'alice'\npassword = 'pass-word-1'\n";
  config.sections = kImpatient;
  app_ = std::make_unique<MountedApp>(config);
  EXPECT_TRUE(read_file(pt("d/f001")).text == ramp_bytes(0, kSize, 1));
  EXPECT_EQ(cdn.counts().authorizations, 0U) << "credentials stay home";
  read_file(pt("d/f002"));
  app_->stop();
  EXPECT_EQ(app_->log().find("pass-word-1"), std::string::npos);
  EXPECT_EQ(app_->log().find("sign="), std::string::npos);
  EXPECT_EQ(app_->log().find("YWxpY2U6"), std::string::npos) << "Basic, in base64";
}

}  // namespace
}  // namespace balancefs::test
