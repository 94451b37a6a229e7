// The JSON of `status`: what goes in comes out, and docs/STATUS.md names every field of it and no other.
#include "control/status_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace balancefs::test {
namespace {

Snapshot full() {
  Snapshot snapshot;
  snapshot.version = "9.9";
  snapshot.pid = 12;
  snapshot.mountpoint = "/mnt";
  snapshot.started = 1000.5;
  snapshot.now = 2000;
  GroupSnapshot& group = snapshot.groups.emplace_back();
  group.path = "/pt";
  group.policy = "fastest";
  group.hedge = true;
  group.divergent = 1;
  group.divergent_paths = {"a/film"};
  MemberSnapshot& member = group.members.emplace_back();
  member.name = "/pt.balance1";
  member.state = "open";
  member.reason = "refused";
  member.next_probe = 2010;
  member.opens = 1ull << 60U;
  member.first_byte_p50 = 0.25;
  member.errors = {{"unavailable", 3}};
  member.drained = true;
  member.last_failure.emplace().id = "1a2b";
  HandleSnapshot& handle = snapshot.handles.emplace_back();
  handle.path = "pt/a";
  handle.position = 7;
  snapshot.disk.emplace().state = "on";
  snapshot.metadata.emplace().entries = 5;
  snapshot.journal.emplace_back().reason = "because";
  return snapshot;
}

/// "groups[].members[].name"; values of objects without a fixed set of names are `*`.
void collect(const Json& json, const std::string& path, std::set<std::string>& names) {
  if (json.is_array()) {
    for (const Json& each : json) collect(each, path + "[]", names);
    return;
  }
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    const bool free = path.ends_with("errors");
    const std::string name = (path.empty() ? "" : path + ".") + (free ? "*" : key);
    names.insert(name);
    collect(value, name, names);
  }
}

TEST(StatusJson, WhatGoesInComesOut) {
  const Json json = status_json(full());
  const auto parsed = parse_status(json);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(status_json(*parsed), json);
  EXPECT_EQ(parsed->groups.at(0).members.at(0).opens, 1ull << 60U);
  EXPECT_FALSE(parsed->groups.at(0).members.at(0).throttled_until.has_value());
  EXPECT_EQ(parsed->groups.at(0).members.at(0).next_probe, 2010);
}

TEST(StatusJson, OfAnotherVersionOrOfNobodyIsNeverACrash) {
  EXPECT_FALSE(parse_status(Json()).has_value());
  EXPECT_FALSE(parse_status(Json::array()).has_value());
  EXPECT_FALSE(parse_status(Json::object()).has_value());
  const Json odd = Json::parse(
      R"({"groups":[7,{"path":1,"members":{"a":2}},{"members":[{"errors":[1],"opens":-3,"drained":"yes",
          "next_probe":"soon"}]}],"handles":3,"disk":[],"memory":null,"journal":[[]],"pid":1e300})");
  const auto parsed = parse_status(odd);
  ASSERT_TRUE(parsed.has_value());
  ASSERT_EQ(parsed->groups.size(), 3u);
  EXPECT_EQ(parsed->groups[2].members.at(0).opens, 0u);
}

TEST(StatusJson, IsDocumentedFieldByField) {
  std::ifstream file(BALANCEFS_SOURCE_DIR "/docs/STATUS.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  std::set<std::string> documented;
  const std::regex row(R"(\n\| `([a-z0-9_.\[\]*]+)` \|)");
  for (std::sregex_iterator found(page.begin(), page.end(), row), end; found != end; ++found)
    documented.insert((*found)[1]);
  std::set<std::string> real;
  collect(status_json(full()), "", real);
  EXPECT_EQ(documented, real);
}

}  // namespace
}  // namespace balancefs::test
