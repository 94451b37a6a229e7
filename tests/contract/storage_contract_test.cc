// What every Storage promises (include/balancefs/storage.h), asked of each: drivers against real servers, the
// local driver, the fake that other tests build on.
#include <gtest/gtest.h>

#include "contract/subject.h"
#include "support/ramp_bytes.h"
#include "support/sinks.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class StorageContract : public testing::TestWithParam<SubjectKind> {
 protected:
  StorageContract() : subject_(GetParam().make(GetParam().argument)) {}

  Result<CollectingListing> list(const std::string& path) {
    CollectingListing listing;
    RequestContext why;
    auto done = subject_->loop.run(storage().list(*Path::parse(path), listing, why));
    if (!done) return std::unexpected<Error>(done.error());
    return listing;
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> out;
    const auto listing = list(path);
    if (!listing) return {"error: " + listing.error().text};
    for (const auto& [name, infos] : listing->entries) {
      EXPECT_EQ(infos.size(), subject_->members) << name;
      out.push_back(name);
    }
    return out;
  }
  Result<ObjectInfo> stat(const std::string& path) {
    RequestContext why;
    return subject_->loop.run(storage().stat(*Path::parse(path), why));
  }
  std::shared_ptr<Version> version_of(const std::string& path) {
    const auto info = stat(path);
    if (!info) throw std::runtime_error(info.error().text);
    return std::make_shared<Version>(++last_id_, *Path::parse(path), std::vector<ObjectInfo>{*info});
  }
  RequestContext read_context() const {
    RequestContext why(Priority::demand);
    why.sequential_fallback = !subject_->ranges;
    return why;
  }
  Result<std::string> read(ObjectReader& reader, ByteRange range) {
    RequestContext why = read_context();
    StringSink sink(range.offset);
    auto done = subject_->loop.run(reader.read(range, sink, why));
    if (!done) return std::unexpected<Error>(done.error());
    return sink.text;
  }
  Storage& storage() { return *subject_->storage; }

  std::unique_ptr<Subject> subject_;
  std::uint64_t last_id_ = 0;
};

TEST_P(StorageContract, ListsTheRootWithFilesAndFolders) {
  subject_->add_file("one.bin", 1000);
  subject_->add_file("two.bin", 0);
  subject_->add_directory("folder");
  subject_->add_file("folder/inside", 5);
  const auto listing = list("");
  ASSERT_TRUE(listing) << listing.error().text;
  ASSERT_EQ(listing->entries.size(), 3u);
  EXPECT_EQ(listing->entries.at("one.bin").at(0).type, ObjectType::file);
  EXPECT_EQ(listing->entries.at("folder").at(0).type, ObjectType::directory);
  const bool group = !storage().traits().members.empty();
  EXPECT_EQ(listing->outcomes.size(), group ? subject_->members : 0) << "member_done is for groups";
}

TEST_P(StorageContract, ListsASubfolderAndAnEmptyOne) {
  subject_->add_file("a/b/deep.bin", 10);
  subject_->add_directory("a/empty");
  EXPECT_EQ(names("a"), (std::vector<std::string>{"b", "empty"}));
  EXPECT_EQ(names("a/b"), (std::vector<std::string>{"deep.bin"}));
  EXPECT_EQ(names("a/empty"), std::vector<std::string>{});
}

TEST_P(StorageContract, AnEmptyRootIsAnEmptyListing) {
  EXPECT_EQ(names(""), std::vector<std::string>{});
}

TEST_P(StorageContract, NamesOfEveryKindAreListedFoundAndRead) {
  std::vector<std::string> weird = {"with space.txt", "hash#mark",        "100%.txt",
                                    "%41.txt",        "a+b&c=d;e",        "quote\"s and 'single'",
                                    "<tag>.html",     "semi;colon:colon", "question?.bin",
                                    "émoji 😀.bin",   "back\\slash",      "[brackets]{braces}",
                                    "~tilde$dollar!", "comma,@at",        "trailing.",
                                    "page.htm",       "日本語",           "pipe|caret^grave`"};
  if (!subject_->hides_dot_names) weird.push_back(".hidden");
  if (subject_->any_bytes_in_names) weird.push_back("latin\xff\xe9.bin");
  for (const auto& name : weird) subject_->add_file("weird/" + name, 10 + name.size());
  subject_->add_file("sub dir#1/100% sure?/x", 7);
  std::vector<std::string> sorted = weird;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(names("weird"), sorted);
  EXPECT_EQ(names("sub dir#1"), (std::vector<std::string>{"100% sure?"}));
  EXPECT_EQ(names("sub dir#1/100% sure?"), (std::vector<std::string>{"x"}));
  for (const auto& name : weird) {
    const std::string path = "weird/" + name;
    const auto info = stat(path);
    ASSERT_TRUE(info) << name << ": " << info.error().text;
    EXPECT_EQ(info->size, 10 + name.size()) << name;
    auto reader = storage().open(version_of(path), 0);
    const auto bytes = read(*reader, ByteRange(0, info->size));
    ASSERT_TRUE(bytes) << name << ": " << bytes.error().text;
    EXPECT_EQ(*bytes, ramp_bytes(0, 10 + name.size())) << name;
  }
}

TEST_P(StorageContract, NamesOf200BytesAreKept) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "ä";
  subject_->add_file(name, 3);
  EXPECT_EQ(names(""), (std::vector<std::string>{name}));
  EXPECT_EQ(stat(name)->size, 3u);
}

TEST_P(StorageContract, StatGivesTypeAndExactSize) {
  subject_->add_file("folder/big.bin", 1'234'567);
  subject_->add_file("folder/empty.bin", 0);
  const auto big = stat("folder/big.bin");
  ASSERT_TRUE(big) << big.error().text;
  EXPECT_EQ(big->type, ObjectType::file);
  EXPECT_EQ(big->size_kind, SizeKind::exact);
  EXPECT_EQ(big->size, 1'234'567u);
  EXPECT_EQ(stat("folder/empty.bin")->size, 0u);
  EXPECT_EQ(stat("folder")->type, ObjectType::directory);
  EXPECT_EQ(stat("")->type, ObjectType::directory);
}

TEST_P(StorageContract, ListingAndStatAgree) {
  subject_->add_file("a.bin", 2'500'000);
  const auto listing = list("");
  ASSERT_TRUE(listing) << listing.error().text;
  const ObjectInfo listed = listing->entries.at("a.bin").at(0);
  const ObjectInfo asked = *stat("a.bin");
  EXPECT_FALSE(listed.validator.contradicts(asked.validator));
  EXPECT_FALSE(stat("a.bin")->validator.contradicts(asked.validator));
  if (listed.size_kind == SizeKind::exact) {
    EXPECT_EQ(listed.size, 2'500'000u);
  }
  if (listed.size_kind == SizeKind::rounded) {
    EXPECT_NEAR(static_cast<double>(listed.size), 2.5e6, 0.5e6);
  }
}

TEST_P(StorageContract, WhatIsMissingIsNotFound) {
  subject_->add_directory("folder");
  EXPECT_EQ(stat("nothing").error().kind, ErrorKind::not_found);
  EXPECT_EQ(stat("folder/nothing").error().kind, ErrorKind::not_found);
  EXPECT_EQ(stat("no folder/nothing").error().kind, ErrorKind::not_found);
  EXPECT_EQ(list("nothing").error().kind, ErrorKind::not_found);
}

TEST_P(StorageContract, AFileCannotBeListed) {
  subject_->add_file("file.bin", 100);
  const auto listing = list("file.bin");
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind, ErrorKind::not_found) << listing.error().text;
}

TEST_P(StorageContract, RangesAreServedExactly) {
  constexpr std::uint64_t kSize = 300'000;
  subject_->add_file("a.bin", kSize);
  auto reader = storage().open(version_of("a.bin"), 0);
  for (const ByteRange range : {ByteRange(0, 1), ByteRange(0, 4096), ByteRange(131'000, 200),
                                ByteRange(kSize - 1, 1), ByteRange(1, kSize - 1), ByteRange(0, kSize)}) {
    const auto bytes = read(*reader, range);
    ASSERT_TRUE(bytes) << bytes.error().text;
    EXPECT_EQ(*bytes, ramp_bytes(range.offset, range.length)) << range.offset;
  }
}

TEST_P(StorageContract, AReadContinuesFromTheSinksPosition) {
  subject_->add_file("a.bin", 100'000);
  auto reader = storage().open(version_of("a.bin"), 0);
  StringSink sink(40'000);
  RequestContext why = read_context();
  const auto done = subject_->loop.run(reader->read(ByteRange(10'000, 80'000), sink, why));
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(sink.text, ramp_bytes(40'000, 50'000));
}

TEST_P(StorageContract, AServerWithoutRangesSaysSo) {
  if (subject_->ranges) GTEST_SKIP() << "this one serves ranges";
  subject_->add_file("a.bin", 100'000);
  auto reader = storage().open(version_of("a.bin"), 0);
  StringSink sink(50'000);
  RequestContext why(Priority::demand);
  const auto done = subject_->loop.run(reader->read(ByteRange(50'000, 100), sink, why));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().detail, Error::Detail::no_range);
}

TEST_P(StorageContract, ABigFileArrivesWhole) {
  constexpr std::uint64_t kSize = 12'345'678;
  subject_->add_file("big.bin", kSize, 5);
  auto reader = storage().open(version_of("big.bin"), 0);
  const auto bytes = read(*reader, ByteRange(0, kSize));
  ASSERT_TRUE(bytes) << bytes.error().text;
  EXPECT_TRUE(*bytes == ramp_bytes(0, kSize, 5));
}

TEST_P(StorageContract, ReadsRunAtOnce) {
  constexpr std::uint64_t kPart = 200'000;
  subject_->add_file("big.bin", 8 * kPart);
  auto reader = storage().open(version_of("big.bin"), 0);
  std::vector<std::unique_ptr<StringSink>> sinks;
  std::vector<std::unique_ptr<RequestContext>> contexts;
  std::vector<std::unique_ptr<Flow<Result<void>>>> flows;
  for (std::uint64_t i = 0; i < 8; ++i) {
    sinks.push_back(std::make_unique<StringSink>(i * kPart));
    contexts.push_back(std::make_unique<RequestContext>(read_context()));
    flows.push_back(std::make_unique<Flow<Result<void>>>(
        subject_->loop.executor(), reader->read(ByteRange(i * kPart, kPart), *sinks[i], *contexts[i])));
  }
  for (std::uint64_t i = 0; i < 8; ++i) {
    subject_->loop.run_until(*flows[i]);
    const auto done = flows[i]->take();
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_TRUE(sinks[i]->text == ramp_bytes(i * kPart, kPart)) << i;
  }
}

TEST_P(StorageContract, AnotherSizeIsAnotherVersion) {
  subject_->add_file("a.bin", 100'000);
  auto reader = storage().open(version_of("a.bin"), 0);
  ASSERT_TRUE(read(*reader, ByteRange(0, 1000)));
  subject_->add_file("a.bin", 100'001);
  const auto bytes = read(*reader, ByteRange(1000, 1000));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::changed) << bytes.error().text;
}

TEST_P(StorageContract, AnotherContentOfTheSameSizeIsAnotherVersion) {
  subject_->add_file("a.bin", 100'000);
  auto version = version_of("a.bin");
  auto reader = storage().open(version, 0);
  ASSERT_TRUE(read(*reader, ByteRange(0, 1000)));
  subject_->add_file("a.bin", 100'000, 7);
  const auto bytes = read(*reader, ByteRange(1000, 1000));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::changed) << bytes.error().text;
  auto again = storage().open(version, 0);
  EXPECT_EQ(read(*again, ByteRange(1000, 1000)).error().kind, ErrorKind::changed)
      << "a second handle of it as well";
  EXPECT_TRUE(stat("a.bin")->validator.contradicts(version->info().validator));
}

TEST_P(StorageContract, AFileThatIsGoneIsNotFound) {
  subject_->add_file("a.bin", 1000);
  ObjectInfo info = *stat("a.bin");
  auto version = std::make_shared<Version>(1, *Path::parse("gone.bin"), std::vector<ObjectInfo>{info});
  auto reader = storage().open(version, 0);
  const auto bytes = read(*reader, ByteRange(0, 1000));
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::not_found) << bytes.error().text;
}

TEST_P(StorageContract, ACancelledReadLeavesNothing) {
  constexpr std::uint64_t kSize = 64 * 1024 * 1024;
  subject_->add_file("big.bin", kSize);
  auto reader = storage().open(version_of("big.bin"), 0);
  StringSink sink(0);
  RequestContext why = read_context();
  Flow<Result<void>> flow(subject_->loop.executor(), reader->read(ByteRange(0, kSize), sink, why));
  while (sink.text.empty() && !flow.done()) {
    subject_->loop.loop.restart();
    subject_->loop.loop.run_one_for(1s);
  }
  flow.cancel();
  subject_->loop.run_until(flow);
  EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(subject_->active_requests(), 0u);
  EXPECT_LT(sink.text.size(), kSize);
  const std::size_t before = sink.text.size();
  const auto bytes = read(*reader, ByteRange(5, 1000));
  ASSERT_TRUE(bytes) << bytes.error().text;
  EXPECT_EQ(*bytes, ramp_bytes(5, 1000));
  EXPECT_EQ(sink.text.size(), before) << "nothing comes after the end";
}

TEST_P(StorageContract, AListingTakesManyNames) {
  for (int i = 0; i < 300; ++i) subject_->add_file("many/file number " + std::to_string(i), 1);
  EXPECT_EQ(names("many").size(), 300u);
}

TEST_P(StorageContract, AProbeTellsWhetherItAnswers) {
  RequestContext why(Priority::probe);
  auto probed = subject_->loop.run(storage().probe(why));
  EXPECT_TRUE(probed) << probed.error().text;
  subject_->stop();
  probed = subject_->loop.run(storage().probe(why));
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().kind, ErrorKind::unavailable) << probed.error().text;
  EXPECT_EQ(list("").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stat("a.bin").error().kind, ErrorKind::unavailable);
  subject_->restart();
  probed = subject_->loop.run(storage().probe(why));
  EXPECT_TRUE(probed) << probed.error().text;
}

std::string name_of(const testing::TestParamInfo<SubjectKind>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Storages, StorageContract, testing::ValuesIn(all_subjects()), name_of);

}  // namespace
}  // namespace balancefs::test
