// Storages that spell names in another way than they are shown: nobody outside the decorator notices.
#include "names/nfc_storage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kShown = "\u00e9t\u00e9";   // both composed
constexpr const char* kSent = "e\u0301te\u0301";  // both decomposed
constexpr const char* kMixed = "e\u0301t\u00e9";  // one of each

class Names final : public ListingSink {
 public:
  Result<void> entry(std::string_view name, const ObjectInfo&) override {
    names.emplace_back(name);
    return {};
  }
  void member_done(MemberIndex, const Result<void>&) override {}
  std::vector<std::string> names;
};

class NfcStorageTest : public testing::Test {
 protected:
  NfcStorageTest() {
    auto made = std::make_unique<FakeStorage>("/pt", t_.executor(), t_.clock);
    inner_ = made.get();
    storage_ = with_names(std::move(made), GroupOptions::Names::nfc, t_.clock);
  }
  static Path path(const std::string& text) { return *Path::parse(text); }
  std::vector<std::string> list(const std::string& at) {
    Names sink;
    RequestContext why;
    const Result<void> outcome = t_.run(storage_->list(path(at), sink, why));
    if (!outcome) return {std::string(to_string(outcome.error().kind))};
    std::ranges::sort(sink.names);
    return sink.names;
  }
  std::string stat(const std::string& at) {
    RequestContext why;
    const Result<ObjectInfo> info = t_.run(storage_->stat(path(at), why));
    return info ? std::to_string(info->size) : std::string(to_string(info.error().kind));
  }
  std::shared_ptr<Version> version_of(const std::string& shown, const std::string& sent) {
    ObjectInfo info = inner_->nodes.at(sent).info;
    info.member = 3;
    return std::make_shared<Version>(1, path(shown), std::vector<ObjectInfo>(1, info));
  }
  std::string read(ObjectReader& reader, std::uint64_t size) {
    StringSink sink;
    RequestContext why;
    const Result<void> outcome = t_.run(reader.read(ByteRange(0, size), sink, why));
    return outcome ? sink.text : std::string(to_string(outcome.error().kind));
  }
  /// Requests since the last call.
  int asked() {
    const int all = inner_->counts.list + inner_->counts.stat;
    return all - std::exchange(seen_, all);
  }

  TestLoop t_;
  FakeStorage* inner_ = nullptr;
  std::unique_ptr<Storage> storage_;

 private:
  int seen_ = 0;
};

TEST_F(NfcStorageTest, NamesAreShownComposedAndAskedForAsTheyCame) {
  inner_->add_file(std::string(kSent) + "/" + kSent + ".mkv", 10);
  inner_->add_file(std::string(kSent) + "/plain", 20);
  EXPECT_EQ(list(""), (std::vector<std::string>{kShown}));
  EXPECT_EQ(list(kShown), (std::vector<std::string>{"plain", std::string(kShown) + ".mkv"}));
  EXPECT_EQ(stat(std::string(kShown) + "/" + kShown + ".mkv"), "10");
  EXPECT_EQ(stat(std::string(kShown) + "/plain"), "20");
  EXPECT_EQ(asked(), 4) << "nothing was asked twice";
}

TEST_F(NfcStorageTest, TheNameThatIsComposedWinsAndTheOtherKeepsItsSpelling) {
  inner_->add_file(kSent, 10);
  inner_->add_file(kShown, 20);
  EXPECT_EQ(list(""), (std::vector<std::string>{kSent, kShown}));
  EXPECT_EQ(stat(kShown), "20");
  EXPECT_EQ(stat(kSent), "10");
}

TEST_F(NfcStorageTest, OfSeveralThatAreNotTheFirstInTheOrderOfBytesHasTheName) {
  inner_->add_file(kMixed, 30);
  inner_->add_file(kSent, 10);
  ASSERT_LT(std::string(kSent), std::string(kMixed));
  EXPECT_EQ(list(""), (std::vector<std::string>{kMixed, kShown}));
  EXPECT_EQ(stat(kShown), "10");
  EXPECT_EQ(stat(kMixed), "30");
}

TEST_F(NfcStorageTest, NamesThatAreNoUnicodePass) {
  inner_->add_file(
      "\xff"
      "e\xcc",
      10);
  EXPECT_EQ(list(""), (std::vector<std::string>{"\xff"
                                                "e\xcc"}));
  EXPECT_EQ(stat("\xff"
                 "e\xcc"),
            "10");
}

TEST_F(NfcStorageTest, APathOfWhichNothingWasListedIsAskedForAsItIsShownFirst) {
  inner_->add_file(std::string(kShown) + "/plain", 10);
  EXPECT_EQ(stat(std::string(kShown) + "/plain"), "10");
  EXPECT_EQ(asked(), 1);
}

TEST_F(NfcStorageTest, WhenThereIsNoSuchNameTheFoldersAboveTellHowItIsSpelled) {
  const std::string sent = std::string("a/") + kSent + "/b/" + kSent;
  const std::string shown = std::string("a/") + kShown + "/b/" + kShown;
  inner_->add_file(sent, 10);
  EXPECT_EQ(stat(shown), "10");
  EXPECT_EQ(asked(), 4) << "as it is shown, two folders, as it is spelled";
  EXPECT_EQ(stat(shown), "10");
  EXPECT_EQ(asked(), 1) << "known from then on";
}

TEST_F(NfcStorageTest, FoldersAreFoundInTheSameWay) {
  inner_->add_file(std::string(kSent) + "/" + kSent + "/plain", 10);
  EXPECT_EQ(list(std::string(kShown) + "/" + kShown), (std::vector<std::string>{"plain"}));
}

TEST_F(NfcStorageTest, WhatIsNotThereIsNotThereAndAskedForOnceMoreAtMost) {
  inner_->add_file("plain", 1);
  EXPECT_EQ(stat("nothing"), "not_found");
  EXPECT_EQ(asked(), 1) << "ASCII has one spelling";
  EXPECT_EQ(stat(kShown), "not_found");
  EXPECT_EQ(asked(), 2) << "the folder was listed";
  EXPECT_EQ(stat(kShown), "not_found");
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(list(std::string("gone/") + kShown), (std::vector<std::string>{"not_found"}));
}

TEST_F(NfcStorageTest, WhenTheSpellingCannotBeToldThePathIsUnknownAndNotAbsent) {
  inner_->add_file(kSent, 10);
  inner_->fail_list = Error(ErrorKind::unavailable, "broken");
  EXPECT_EQ(stat(kShown), "unavailable");
  inner_->fail_list.reset();
  EXPECT_EQ(stat(kShown), "10");
}

TEST_F(NfcStorageTest, ManyThatAskAtOnceListAFolderOnce) {
  inner_->add_file(kSent, 10);
  inner_->latency = 1s;
  RequestContext why;
  std::vector<std::unique_ptr<Flow<Result<ObjectInfo>>>> flows;
  for (int i = 0; i < 20; ++i) {
    flows.push_back(
        std::make_unique<Flow<Result<ObjectInfo>>>(t_.executor(), storage_->stat(path(kShown), why)));
  }
  t_.pass(1500ms);
  flows[0]->cancel();  // the one that lists: another takes its place
  t_.pass(10s);
  EXPECT_EQ(inner_->counts.list, 2);
  for (std::size_t i = 1; i < flows.size(); ++i) {
    ASSERT_TRUE(flows[i]->done());
    EXPECT_TRUE(flows[i]->take().has_value()) << i;
  }
}

TEST_F(NfcStorageTest, OfMoreNamesThanAreRememberedEachFolderIsListedOnce) {
  auto made = std::make_unique<FakeStorage>("/pt", t_.executor(), t_.clock);
  inner_ = made.get();
  storage_ = std::make_unique<NfcStorage>(std::move(made), t_.clock, SpellingTable(1, 1));
  inner_->add_file(std::string(kSent) + "/" + kSent + "/" + kSent, 10);
  EXPECT_EQ(stat(std::string(kShown) + "/" + kShown + "/" + kShown), "10");
  EXPECT_EQ(asked(), 5) << "as it is shown, three folders, as it is spelled";
}

TEST_F(NfcStorageTest, BytesAreReadByTheSpellingThatCame) {
  inner_->add_file(kSent, 1000, 7);
  list("");
  const auto version = version_of(kShown, kSent);
  const auto reader = storage_->open(version, 3);
  EXPECT_EQ(read(*reader, 1000), ramp_bytes(0, 1000, 7));
  EXPECT_EQ(version->path(), path(kShown)) << "the version's own name is the one that is shown";
}

TEST_F(NfcStorageTest, ABytesFirstReadAfterARestartFindsItsSpelling) {
  inner_->add_file(kSent, 1000, 7);
  const auto version = version_of(kShown, kSent);
  const auto reader = storage_->open(version, 3);
  EXPECT_EQ(read(*reader, 1000), ramp_bytes(0, 1000, 7));
  EXPECT_EQ(asked(), 1) << "one listing";
  inner_->remove(kSent);
  EXPECT_EQ(read(*reader, 1000), "not_found");
}

TEST_F(NfcStorageTest, AsSentIsNoDecorationAtAll) {
  auto plain = std::make_unique<FakeStorage>("/pt", t_.executor(), t_.clock);
  const Storage* before = plain.get();
  EXPECT_EQ(with_names(std::move(plain), GroupOptions::Names::as_sent, t_.clock).get(), before);
}

}  // namespace
}  // namespace balancefs::test
