// `status`, `drain`, `undrain` and `log-level` on real mounts.
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "mount/lifecycle.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class StatusTest : public Lifecycle {
 protected:
  void mount_members(const std::string& sections = {}) {
    for (int i = 0; i < 12; ++i) write_file(native() / name(i), ramp_bytes(0, 200'000));
    start_members(3);
    mount(sections);
  }
  static std::string name(int i) { return "f" + std::to_string(i); }
  ProgramResult command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), BALANCEFS_BINARY);
    return run(arguments, 60s);
  }
  ProgramResult status(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"status", app_->mountpoint()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return command(arguments);
  }
  /// What an expression of Python says about the JSON, which is `s` there.
  std::string json(const std::string& expression) const {
    const ProgramResult shown = status({"--json"});
    EXPECT_EQ(shown.status, 0) << shown.text();
    const auto file = scratch_.path() / "status.json";
    write_file(file, shown.out);
    const ProgramResult said =
        run({"python3", "-c", "import json,sys; s = json.load(open(sys.argv[1])); print(" + expression + ")",
             file});
    EXPECT_EQ(said.status, 0) << said.text() << shown.out;
    return said.out;
  }
  std::string of_members(const std::string& field) const {
    return json("[m['" + field + "'] for m in s['groups'][0]['members']]");
  }
  void read_files(int from, int to) const {
    for (int i = from; i < to; ++i) EXPECT_EQ(read_file(pt(name(i))).text, ramp_bytes(0, 200'000));
  }
};

TEST_F(StatusTest, TellsWhoServedWhatByCount) {
  mount_members();
  read_files(0, 6);
  EXPECT_EQ(of_members("name"), "['/pt', '/pt.balance1', '/pt.balance2']\n");
  EXPECT_EQ(of_members("opens"), "[2, 2, 2]\n");
  EXPECT_EQ(of_members("bytes"), "[400000, 400000, 400000]\n");
  EXPECT_EQ(of_members("state"), "['closed', 'closed', 'closed']\n");
  EXPECT_EQ(of_members("errors"), "[{}, {}, {}]\n");
  EXPECT_EQ(json("s['memory']['bytes_read']"), "1200000\n");
  const ProgramResult shown = status();
  EXPECT_EQ(shown.status, 0);
  EXPECT_NE(shown.out.find("/pt.balance1  ok"), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find('\033'), std::string::npos) << "no colours into a pipe";
}

TEST_F(StatusTest, ShowsOpenFilesWithTheirMemberAndHowFarTheyAre) {
  mount_members();
  std::ifstream file(pt("f3"), std::ios::binary);
  std::string bytes(1000, '\0');
  file.read(bytes.data(), 1000);
  EXPECT_EQ(json("[(h['path'], h['member'], h['size'], h['position'] >= 1000) for h in s['handles']]"),
            "[('pt/f3', '/pt', 200000, True)]\n");
  EXPECT_EQ(of_members("handles"), "[1, 0, 0]\n");
}

TEST_F(StatusTest, AMemberThatDiedIsOutWithItsReasonAndInTheJournal) {
  mount_members();
  read_files(0, 3);
  member(1).stop();
  ASSERT_TRUE(eventually([&] {
    for (int i = 3; i < 12; ++i) read_file(pt(name(i)));
    run({"ls", pt()});
    return json("s['groups'][0]['members'][1]['state']") != "closed\n";
  }));
  EXPECT_NE(json("s['groups'][0]['members'][1]['reason']").find("unavailable"), std::string::npos);
  EXPECT_EQ(json("[(j['member'], j['from'], j['to']) for j in s['journal']][0]"),
            "('/pt.balance1', 'closed', 'open')\n");
  EXPECT_NE(json("s['groups'][0]['members'][1]['errors'].get('unavailable', 0) > 0").find("True"),
            std::string::npos);
  member(1).start();
  ASSERT_TRUE(eventually([&] { return of_members("state") == "['closed', 'closed', 'closed']\n"; }));
  EXPECT_EQ(json("(s['journal'][-1]['from'], s['journal'][-1]['to'])"), "('open', 'closed')\n");
}

// SEMANTICS: "A drained member gets no new handles, finishes those it has"
TEST_F(StatusTest, OneIdLinksTheLogWithTheStatusAndTheJournal) {
  mount_members();
  read_files(0, 3);
  member(1).stop();
  ASSERT_TRUE(eventually([&] {
    for (int i = 3; i < 12; ++i) read_file(pt(name(i)));
    run({"ls", pt()});
    return json("len(s['journal'])") != "0\n";
  }));
  const std::string opened = "[j for j in s['journal'] if j['member'] == '/pt.balance1'][0]";
  std::string mark = json("' [#' + " + opened + "['id'] + ']'");
  mark.pop_back();
  EXPECT_EQ(json(opened + "['reason'][-" + std::to_string(mark.size()) + ":]"), mark + "\n");
  const std::regex line(
      "/pt.balance1: (list|stat|read|probe) /pt[^ ]*( at byte [0-9]+)?: unavailable: [^\n]*");
  const std::string log = app_->log();
  std::string told;
  for (std::sregex_iterator at(log.begin(), log.end(), line); at != std::sregex_iterator(); ++at) {
    if (at->str().ends_with(mark)) told += at->str() + '\n';
  }
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << mark << log;
  EXPECT_EQ(json("bool(s['groups'][0]['members'][1]['last_failure']['id'])"), "True\n");
}

TEST_F(StatusTest, AtTraceTheLogTellsOfEveryRequestAndNoSecret) {
  write_file(native() / "one", "1");
  start_members(1);
  MountConfig config = balanced(members_);
  config.storages[0].extra = "user = \"alice\"\npassword = \"geheim-123\"\n";
  app_ = std::make_unique<MountedApp>(config);
  EXPECT_EQ(command({"log-level", "trace", "--mount", app_->mountpoint()}).status, 0);
  EXPECT_EQ(read_file(pt("one")).text, "1");
  const std::string log = app_->log();
  const std::regex read("/pt: read /pt/one at byte 0: ok in [0-9]+ ms( \\[#[0-9a-f]+\\])");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(log, found, read)) << log;
  const std::regex exchange("GET http://127.0.0.1:[0-9]+/one: status 20[06] in [0-9]+ ms" +
                            std::regex_replace(found[1].str(), std::regex("[\\[\\]]"), "\\$&"));
  EXPECT_TRUE(std::regex_search(log, exchange)) << log;
  EXPECT_EQ(log.find("geheim-123"), std::string::npos) << log;
}

TEST_F(StatusTest, ADrainedMemberGetsNoNewFilesAndUndrainBringsItBack) {
  mount_members();
  const ProgramResult drained = command({"drain", "/pt.balance1", "--mount", app_->mountpoint()});
  EXPECT_EQ(drained.status, 0) << drained.text();
  EXPECT_EQ(drained.out, "/pt.balance1 is drained: it gets no new files, and finishes those it has\n");
  read_files(0, 6);
  EXPECT_EQ(of_members("opens"), "[3, 0, 3]\n");
  EXPECT_EQ(of_members("drained"), "[False, True, False]\n");
  EXPECT_EQ(command({"undrain", "/pt.balance1", "--mount", app_->mountpoint()}).out,
            "/pt.balance1 is in rotation\n");
  EXPECT_EQ(command({"undrain", "/pt.balance1", "--mount", app_->mountpoint()}).out,
            "/pt.balance1 was already in rotation\n");
  read_files(6, 12);
  EXPECT_NE(of_members("opens"), "[6, 0, 6]\n");
  EXPECT_EQ(json("[j['to'] for j in s['journal']]"), "['drained', 'in rotation']\n");
}

TEST_F(StatusTest, WrongWordsAreAnsweredWithTheRightOnes) {
  mount_members();
  const ProgramResult drained = command({"drain", "/nothing", "--mount", app_->mountpoint()});
  EXPECT_EQ(drained.status, 1);
  EXPECT_NE(drained.err.find("there are: /pt, /pt.balance1, /pt.balance2"), std::string::npos) << drained.err;
  const ProgramResult level = command({"log-level", "loud", "--mount", app_->mountpoint()});
  EXPECT_EQ(level.status, 2);
  EXPECT_NE(level.err.find("accepted: error, warning, info, debug, trace"), std::string::npos) << level.err;
  const ProgramResult watched = status({"--watch"});
  EXPECT_EQ(watched.status, 1);
  EXPECT_NE(watched.err.find("needs a terminal"), std::string::npos);
  EXPECT_EQ(command({"status", scratch_.path()}).status, 1);
}

TEST_F(StatusTest, TheLogLevelFollowsTheUser) {
  mount_members();
  EXPECT_EQ(command({"log-level", "error", "--mount", app_->mountpoint()}).status, 0);
  command({"drain", "/pt", "--mount", app_->mountpoint()});
  EXPECT_EQ(app_->log().find("is drained"), std::string::npos);
  EXPECT_EQ(command({"log-level", "info", "--mount", app_->mountpoint()}).status, 0);
  command({"undrain", "/pt", "--mount", app_->mountpoint()});
  EXPECT_TRUE(app_->logs("/pt is in rotation again"));
}

TEST_F(StatusTest, AReportHoldsNoSecret) {
  write_file(native() / "one", "1");
  ServerOptions serve;
  start_members(1, serve);
  MountConfig config = balanced(members_);
  config.storages[0].extra = "user = \"alice\"\npassword = \"geheim-123\"\n";
  app_ = std::make_unique<MountedApp>(config);
  read_file(pt("one"));
  const ProgramResult report = status({"--report"});
  EXPECT_EQ(report.status, 0);
  EXPECT_EQ(report.out.find("geheim-123"), std::string::npos) << report.out;
  EXPECT_NE(report.out.find("\"mountpoint\""), std::string::npos);
  EXPECT_NE(report.out.find("The end of the log:\n"), std::string::npos);
  EXPECT_NE(report.out.find(" info mounted "), std::string::npos) << report.out;
}

TEST_F(StatusTest, WatchShowsItAgainAndEndsWithQ) {
  int master = -1;
  int terminal = -1;
  if (::openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0)
    GTEST_SKIP() << "no pseudo-terminals here (/dev/pts is not mounted)";
  ::close(master);
  ::close(terminal);
  mount_members();
  // A terminal of its own, in which q is typed after two pages.
  const ProgramResult watched =
      run({"sh", "-c",
           "(sleep 2.5; printf q) | script -qec '" BALANCEFS_BINARY " status --watch " +
               app_->mountpoint().string() + "' /dev/null"},
          60s);
  EXPECT_EQ(watched.status, 0) << watched.text();
  EXPECT_NE(watched.out.find("\033[?1049h"), std::string::npos) << watched.out;
  EXPECT_NE(watched.out.find("\033[?1049l"), std::string::npos) << "the terminal is as it was";
  EXPECT_NE(watched.out.find("/pt.balance1"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
