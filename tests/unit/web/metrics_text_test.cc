// What Prometheus reads, and that documentation and dashboard name the metrics there are.
#include "web/metrics_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "web/metrics.h"

namespace balancefs::test {
namespace {

Snapshot two_members() {
  Snapshot snapshot;
  snapshot.version = "9.9";
  snapshot.opens = 12;
  snapshot.started = 1700000000.25;
  snapshot.memory.bytes_read = 1ull << 40U;
  GroupSnapshot& group = snapshot.groups.emplace_back();
  group.path = "/pt";
  for (const char* name : {"/pt", "/pt.balance1"}) {
    MemberSnapshot& member = group.members.emplace_back();
    member.name = name;
    member.type = "webdav";
    member.endpoint = "https://h/x";
    member.state = "closed";
  }
  group.members[0].opens = 7;
  group.members[1].state = "open";
  group.members[1].errors = {{"timed_out", 3}};
  group.members[1].first_byte_p95 = 0.125;
  return snapshot;
}

void has(const std::string& text, const std::string& line) {
  EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos) << line << " is not in\n" << text;
}

std::string file(const std::string& name) {
  std::ifstream stream(std::string(BALANCEFS_SOURCE_DIR) + "/" + name);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(MetricsText, CountsStandBehindTheirLabels) {
  const std::string text = metrics_text(two_members());
  has(text, "balancefs_build_info{version=\"9.9\"} 1");
  has(text, "balancefs_opens_total 12");
  has(text, "balancefs_start_time_seconds 1700000000.25");
  has(text, "balancefs_read_bytes_total 1099511627776");
  has(text, "balancefs_member_opens_total{group=\"/pt\",member=\"/pt\"} 7");
  has(text, "balancefs_member_info{group=\"/pt\",member=\"/pt\",type=\"webdav\",endpoint=\"https://h/x\"} 1");
  has(text, "balancefs_member_state{group=\"/pt\",member=\"/pt.balance1\",state=\"closed\"} 0");
  has(text, "balancefs_member_state{group=\"/pt\",member=\"/pt.balance1\",state=\"open\"} 1");
  has(text, "balancefs_member_in_rotation{group=\"/pt\",member=\"/pt\"} 1");
  has(text, "balancefs_member_in_rotation{group=\"/pt\",member=\"/pt.balance1\"} 0");
  has(text, "balancefs_member_errors_total{group=\"/pt\",member=\"/pt.balance1\",kind=\"timed_out\"} 3");
  has(text, "balancefs_member_errors_total{group=\"/pt\",member=\"/pt\",kind=\"timed_out\"} 0");
  has(text, "balancefs_member_first_byte_p95_seconds{group=\"/pt\",member=\"/pt.balance1\"} 0.125");
}

TEST(MetricsText, EachFamilyHasItsHeadOnceAndItsSamplesBehindIt) {
  std::istringstream lines(metrics_text(two_members()));
  std::set<std::string> seen;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) continue;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(family).second) << family;
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
    }
  }
}

TEST(MetricsText, WhatIsNotKnownOrNotThereIsNoSample) {
  Snapshot snapshot = two_members();
  EXPECT_EQ(metrics_text(snapshot).find("first_byte_p95_seconds{group=\"/pt\",member=\"/pt\"}"),
            std::string::npos);
  EXPECT_EQ(metrics_text(snapshot).find("balancefs_disk_cache_used_bytes"), std::string::npos);
  snapshot.disk.emplace().state = "paused";
  snapshot.metadata.emplace().state = "in use";
  has(metrics_text(snapshot), "balancefs_disk_cache_used_bytes 0");
  has(metrics_text(snapshot), "balancefs_disk_cache_state{state=\"paused\"} 1");
  has(metrics_text(snapshot), "balancefs_metadata_store_state{state=\"in use\"} 1");
}

TEST(MetricsText, NoNameBreaksOutOfItsQuotes) {
  Snapshot snapshot = two_members();
  snapshot.groups[0].path = "a\"b\\c\nd{}";
  has(metrics_text(snapshot), R"(balancefs_group_members{group="a\"b\\c\nd{}"} 2)");
}

TEST(MetricsText, AnEmptyMountIsNoCrash) {
  has(metrics_text(Snapshot()), "balancefs_open_files 0");
}

TEST(MetricTable, NamesFollowPrometheus) {
  std::set<std::string_view> names;
  metric::for_each(
      [&names](std::string_view name, MetricKind kind, std::string_view unit, std::string_view help) {
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_TRUE(std::regex_match(std::string(name), std::regex("balancefs_[a-z0-9_]+"))) << name;
        EXPECT_EQ(name.ends_with("_total"), kind == MetricKind::counter) << name;
        EXPECT_TRUE(help.ends_with('.') && help.find('\n') == std::string_view::npos) << name;
        if (unit == "bytes" || unit == "seconds") {
          EXPECT_NE(name.find("_" + std::string(unit)), std::string_view::npos) << name;
        }
      });
}

TEST(MetricTable, IsDocumentedRowByRow) {
  std::set<std::string> documented;
  const std::string page = file("docs/METRICS.md");
  const std::regex row(R"(\n(\| `balancefs_[^\n]*))");
  for (std::sregex_iterator found(page.begin(), page.end(), row), end; found != end; ++found)
    documented.insert((*found)[1]);
  std::set<std::string> real;
  metric::for_each(
      [&real](std::string_view name, MetricKind kind, std::string_view unit, std::string_view help) {
        real.insert(fmt::format("| `{}` | {} | {} | {} |", name,
                                kind == MetricKind::counter ? "counter" : "gauge", unit, help));
      });
  EXPECT_EQ(documented, real);
}

TEST(MetricTable, TheDashboardAndTheAlertsNameNoOther) {
  std::set<std::string> real;
  metric::for_each([&real](std::string_view name, auto, auto, auto) { real.emplace(name); });
  const std::string text = file("packaging/grafana-dashboard.json") + file("docs/METRICS.md");
  const std::regex name(R"(balancefs_[a-z0-9_]+)");
  std::size_t count = 0;
  for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end; ++found, ++count)
    EXPECT_TRUE(real.contains(found->str())) << found->str();
  EXPECT_GT(count, 80u);
}

}  // namespace
}  // namespace balancefs::test
