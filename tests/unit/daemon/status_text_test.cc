#include "daemon/status_text.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

Snapshot one_group() {
  Snapshot snapshot;
  snapshot.version = "1.0";
  snapshot.pid = 42;
  snapshot.mountpoint = "/mnt/cloud";
  snapshot.started = 1000;
  snapshot.now = 1000 + 2 * 3600 + 180;
  snapshot.memory.used = 12 << 20U;
  snapshot.memory.budget = 256 << 20U;
  GroupSnapshot& group = snapshot.groups.emplace_back();
  group.path = "/pt";
  group.policy = "round-robin";
  for (const char* name : {"/pt", "/pt.balance1", "/pt.balance2"}) {
    MemberSnapshot& member = group.members.emplace_back();
    member.name = name;
    member.state = "closed";
    member.opens = 7;
  }
  return snapshot;
}

TEST(StatusText, SaysWhatIsWrongAndWhy) {
  Snapshot snapshot = one_group();
  auto& members = snapshot.groups[0].members;
  members[0].rate = 12.3 * 1024 * 1024;
  members[0].bytes = 3ull << 30U;
  members[0].running = 2;
  members[0].first_byte_p50 = 0.041;
  members[1].state = "open";
  members[1].reason = "unavailable: connection refused";
  members[1].since = snapshot.now - 185;
  members[1].next_probe = snapshot.now + 12;
  members[1].errors = {{"unavailable", 3}};
  members[1].opens = 1;
  members[2].drained = true;
  EXPECT_EQ(
      status_text(snapshot, StatusStyle()),
      "/mnt/cloud  balancefs 1.0, pid 42, up 2 h 3 min\n"
      "memory 12 MiB of 256 MiB\n"
      "\n"
      "/pt  round-robin\n"
      "  /pt           ok       7 opens  2 running  12 MiB/s  3.0 GiB  first byte 41 ms\n"
      "  /pt.balance1  out      1 open   0 running  0 B/s     0 B      for 3 min: unavailable: connection "
      "refused; probed in 12 s; failed: 3 unavailable\n"
      "  /pt.balance2  drained  7 opens  0 running  0 B/s     0 B      gets no new files\n");
}

TEST(StatusText, SaysWhereThePageIs) {
  Snapshot snapshot = one_group();
  EXPECT_EQ(status_text(snapshot, StatusStyle()).find("http://"), std::string::npos);
  snapshot.page = "http://127.0.0.1:9780/";
  EXPECT_NE(status_text(snapshot, StatusStyle()).find("\nhttp://127.0.0.1:9780/\n"), std::string::npos);
}

TEST(StatusText, ShowsFilesAndWhatHappened) {
  Snapshot snapshot = one_group();
  snapshot.groups.clear();
  snapshot.open_files = 12;
  for (int i = 0; i < 12; ++i) {
    HandleSnapshot& handle = snapshot.handles.emplace_back();
    handle.path = "pt/film" + std::to_string(i);
    handle.size = 200;
    handle.position = 25;
  }
  snapshot.handles[0].member = "/pt.balance1";
  for (int i = 0; i < 2; ++i) {
    TransitionSnapshot& change = snapshot.journal.emplace_back();
    change.last = snapshot.now - 30 + 10 * i;
    change.member = "/pt";
    change.from = i == 0 ? "closed" : "open";
    change.to = "open";
    change.reason = "refused";
    change.times = 1 + static_cast<std::uint64_t>(i);
  }
  StatusStyle style;
  style.most_files = 2;
  EXPECT_EQ(status_text(snapshot, style),
            "/mnt/cloud  balancefs 1.0, pid 42, up 2 h 3 min\n"
            "memory 12 MiB of 256 MiB\n"
            "\n"
            "open files: 12\n"
            "   12 %  /pt.balance1  /pt/film0\n"
            "   12 %  -             /pt/film1\n"
            "  and 10 more\n"
            "\n"
            "recently\n"
            "  20 s ago  /pt  open → open    refused, 2 times\n"
            "  30 s ago  /pt  closed → open  refused\n");
}

TEST(StatusText, KeepsToTheWidthAndEscapesWhatServersSay) {
  Snapshot snapshot = one_group();
  snapshot.groups[0].members[0].state = "open";
  snapshot.groups[0].members[0].reason = "\033[31mhostile\nline " + std::string(300, 'x');
  StatusStyle style;
  style.width = 60;
  const std::string text = status_text(snapshot, style);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 60u + 4) << text.substr(at, end - at);  // the mark of a cut is three bytes
    at = end + 1;
  }
}

TEST(StatusText, ColoursOnlyTheConditions) {
  Snapshot snapshot = one_group();
  snapshot.groups[0].members[1].state = "open";
  StatusStyle style;
  style.colours = true;
  const std::string text = status_text(snapshot, style);
  EXPECT_NE(text.find("\033[32mok"), std::string::npos) << text;
  EXPECT_NE(text.find("\033[31mout"), std::string::npos) << text;
  EXPECT_EQ(text.find("\033[31m/pt"), std::string::npos) << text;
}

}  // namespace
}  // namespace balancefs::test
