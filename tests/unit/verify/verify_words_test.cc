// What is printed: for a person, as JSON, and how far it is.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "verify/progress.h"
#include "verify/verify_json.h"
#include "verify/verify_text.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const std::vector<std::string> kMembers = {"/pt", "/pt.balance1"};

ObjectInfo copy_of(MemberIndex member, std::uint64_t size) {
  ObjectInfo info;
  info.member = member;
  info.size = size;
  return info;
}

Difference size_difference(std::string_view path) {
  Difference difference(DifferenceKind::size, *Path::parse(path));
  difference.holders.push_back(copy_of(0, 5));
  difference.others.push_back(copy_of(1, 6));
  return difference;
}

TEST(VerifyWordsTest, ControlCharactersOfNamesAreEscaped) {
  EXPECT_EQ(describe(size_difference("a\nb\x1b[31m"), kMembers),
            "a\\x0ab\\x1b[31m: size differs: 5 on /pt, 6 on /pt.balance1");
  const Unknown unknown(*Path::parse("a\rb"), 1, Error(ErrorKind::unavailable, "gone\n"));
  EXPECT_EQ(describe(unknown, kMembers), "a\\x0db: unknown on /pt.balance1: gone\\x0a");
}

TEST(VerifyWordsTest, JsonIsOneLineWhateverIsInTheName) {
  const std::string line = to_json(size_difference("a\nb\xff"), kMembers);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Json parsed = Json::parse(line);
  EXPECT_EQ(parsed["event"], "difference");
  EXPECT_EQ(parsed["kind"], "size");
  EXPECT_EQ(parsed["path"], "a\nb\xef\xbf\xbd");
  EXPECT_EQ(parsed["on"], Json::parse(R"([{"member":"/pt","type":"file","size":5}])"));
  EXPECT_EQ(parsed["others"], Json::parse(R"([{"member":"/pt.balance1","type":"file","size":6}])"));
  EXPECT_FALSE(parsed.contains("offset"));
}

TEST(VerifyWordsTest, JsonOfWhatIsMissingSaysNothingOfWhoLacksIt) {
  Difference difference(DifferenceKind::missing, *Path::parse("d"));
  difference.type = ObjectType::directory;
  ObjectInfo folder = copy_of(0, 0);
  folder.type = ObjectType::directory;
  difference.holders.push_back(folder);
  difference.others.push_back(copy_of(1, 0));
  const Json parsed = Json::parse(to_json(difference, kMembers));
  EXPECT_EQ(parsed["type"], "directory");
  EXPECT_EQ(parsed["on"], Json::parse(R"([{"member":"/pt","type":"directory"}])"));
  EXPECT_EQ(parsed["others"], Json::parse(R"([{"member":"/pt.balance1"}])"));
}

TEST(VerifyWordsTest, JsonOfContentHasTheOffsetAndOfUnknownTheKindOfError) {
  Difference difference = size_difference("x");
  difference.kind = DifferenceKind::content;
  difference.offset = 4096;
  EXPECT_EQ(Json::parse(to_json(difference, kMembers))["offset"], 4096);
  const Unknown unknown(*Path::parse("d"), 1, Error(ErrorKind::timed_out, "no answer in time"));
  const Json parsed = Json::parse(to_json(unknown, kMembers));
  EXPECT_EQ(parsed, Json::parse(R"({"event":"unknown","path":"d","member":"/pt.balance1","error":"timed_out",
                                    "text":"no answer in time","gave_up":false})"));
}

TEST(VerifyWordsTest, TheSummaryHasAllCountsAndTheOutcome) {
  VerifyCounts counts;
  counts.folders = 3;
  counts.names = 20;
  counts.files = 15;
  counts.differences[static_cast<std::size_t>(DifferenceKind::missing)] = 2;
  counts.differences[static_cast<std::size_t>(DifferenceKind::size)] = 1;
  const Json parsed = Json::parse(summary_json(counts, false, "/pt", kMembers));
  EXPECT_EQ(parsed["version"], 1);
  EXPECT_EQ(parsed["outcome"], "different");
  EXPECT_EQ(parsed["differences"],
            Json::parse(R"({"missing":2,"type":0,"size":1,"checksum":0,"modified":0,"content":0})"));
  EXPECT_EQ(summarise(counts, false, "/pt"),
            "3 folders, 20 names, 15 files in common; 3 differences (2 missing, 1 size)\nthe members of /pt "
            "differ\n");
  counts.unknown = 1;
  EXPECT_EQ(Json::parse(summary_json(counts, false, "/pt", kMembers))["outcome"], "incomplete");
  EXPECT_NE(summarise(counts, false, "/pt").find("could not be compared completely"), std::string::npos);
}

TEST(VerifyWordsTest, NothingDifferentIsTheSameUnlessItWasInterrupted) {
  const VerifyCounts counts;
  EXPECT_EQ(outcome_of(counts, false), VerifyOutcome::same);
  EXPECT_EQ(outcome_of(counts, true), VerifyOutcome::incomplete);
  EXPECT_NE(summarise(counts, true, "/pt").find("interrupted"), std::string::npos);
}

TEST(VerifyProgressTest, TheWalkIsMeasuredInFolders) {
  VerifyCounts counts;
  counts.folders = 30;
  counts.folders_queued = 10;
  counts.names = 400;
  EXPECT_DOUBLE_EQ(share_done(counts, ProgressView()), 0.75);
  EXPECT_EQ(progress_text(counts, ProgressView(), 3s),
            "30 of 40 folders, 10 folders/s, about 1 s left, 400 names");
  EXPECT_EQ(progress_bar(0.75, 8), "[######..]");
}

TEST(VerifyProgressTest, BytesAreMeasuredAgainstWhatFoldersToComeMayHold) {
  ProgressView view;
  view.deep = true;
  VerifyCounts counts;
  counts.folders = 1;
  counts.folders_queued = 1;
  counts.bytes_found = 4 << 20;
  counts.bytes_compared = 2 << 20;
  EXPECT_DOUBLE_EQ(share_done(counts, view), 0.25);
  EXPECT_EQ(progress_text(counts, view, 2s),
            "2.0 MiB compared, 1.0 MiB/s, about 6 s left, 1 of 2 folders, 0 names");
}

TEST(VerifyProgressTest, ASampleIsMeasuredInBytesOnceItsFilesAreKnown) {
  ProgressView view;
  view.deep = view.sampled = true;
  VerifyCounts counts;
  counts.folders = 1;
  counts.folders_queued = 3;
  EXPECT_DOUBLE_EQ(share_done(counts, view), 0.25);
  counts.folders = 4;
  counts.folders_queued = 0;
  counts.reading = true;
  counts.bytes_found = 100;
  counts.bytes_compared = 10;
  EXPECT_DOUBLE_EQ(share_done(counts, view), 0.1);
}

TEST(VerifyProgressTest, NoTimeIsNamedBeforeThereIsAPace) {
  VerifyCounts counts;
  counts.folders_queued = 1;
  EXPECT_FALSE(time_left(counts, ProgressView(), 10s).has_value());
  counts.folders = 10;
  EXPECT_FALSE(time_left(counts, ProgressView(), 100ms).has_value());
}

}  // namespace
}  // namespace balancefs::test
