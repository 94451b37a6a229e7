// identity = "checksum" on a mount of servers whose listings give none: they are asked when a file is opened,
// and what was decided is in its extended attribute.
#include <gtest/gtest.h>

#include <set>

#include "mount/balanced_mount.h"
#include "support/origin.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 100'000;
// Of "hello\n" and of nothing: it is the servers' word that counts.
constexpr const char* kOne = "sha-256=:WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=:";
constexpr const char* kOther = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

class Identity : public MountTest {
 protected:
  /// Every server has the file in its own bytes of the same size, and says that it is `digests`.
  void mount(const std::vector<std::string>& digests) {
    std::vector<std::string> urls;
    for (const std::string& digest : digests) {
      Origin& origin = *origins_.emplace_back(std::make_unique<Origin>());
      origin.add_file("film", kSize, digest == kOther ? 2 : 1);
      origin.set_script([digest](const OriginRequest& request) -> std::optional<OriginReply> {
        if (request.method != "HEAD" || request.header("want-repr-digest").empty()) return std::nullopt;
        OriginReply reply(200, "video/x-matroska", "");
        reply.ramp = true;
        reply.length = kSize;
        if (!digest.empty()) reply.headers.emplace_back("Repr-Digest", digest);
        return reply;
      });
      urls.push_back(origin.url());
    }
    MountConfig config = balanced(urls);
    config.sections = "[group.\"/pt\"]\nidentity = \"checksum\"\n";
    app_ = std::make_unique<MountedApp>(config);
  }
  std::string decided() const {
    return attribute(app_->path("pt/film"), "user.balancefs.identity").value_or("none");
  }
  std::vector<std::unique_ptr<Origin>> origins_;
  std::unique_ptr<MountedApp> app_;
};

TEST_F(Identity, MembersWhoseChecksumsDifferOrAreNotGivenAreNotMixed) {
  mount({kOne, kOther, kOne, ""});
  std::set<std::string> sources;
  for (int i = 0; i < 6; ++i) {
    const FileContent content = read_file(app_->path("pt/film"));
    EXPECT_EQ(content.error, 0);
    EXPECT_EQ(content.text, ramp_bytes(0, kSize, 1));
    sources.insert(app_->member_of("pt/film"));
  }
  EXPECT_EQ(sources.count("/pt.balance1") + sources.count("/pt.balance3"), 0U);
  for (const auto& origin : origins_) EXPECT_EQ(origin->counts().methods["HEAD"], 1U) << "asked once";
  const std::string digest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  EXPECT_EQ(decided(), "size=100000 checksum=" + digest +
                           " rule=checksum; /pt: authority; /pt.balance1: other (sha256 differs: "
                           "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855); "
                           "/pt.balance2: same (size, sha256); "
                           "/pt.balance3: other (no checksum of the same kind: not given)");
}

TEST_F(Identity, LookingAtItAsksAsAnOpenDoes) {
  mount({kOne, kOne});
  EXPECT_TRUE(decided().ends_with("/pt.balance1: same (size, sha256)")) << decided();
  for (const auto& origin : origins_) {
    EXPECT_EQ(origin->counts().methods["HEAD"], 1U);
    EXPECT_EQ(origin->counts().methods["GET"], 0U);
  }
}

}  // namespace
}  // namespace balancefs::test
