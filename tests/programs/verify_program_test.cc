// `balancefs verify` as a program, against nginx on loopback; nothing is mounted.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/program.h"
#include "support/ramp_bytes.h"
#include "support/servers.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class VerifyProgram : public testing::Test {
 protected:
  VerifyProgram() {
    for (const auto& server : servers_) {
      write_file(server->root() / "films/one.mkv", ramp_bytes(0, 3'000'000, 7));
      write_file(server->root() / "films/old/two.mkv", ramp_bytes(0, 1000, 8));
      write_file(server->root() / "notes \xc3\xa4.txt", "notes");
    }
    write_config();
  }
  /// `more`: lines for each storage.
  void write_config(const std::string& more = {}) {
    std::string text;
    for (const auto& [path, server] :
         {std::pair("/pt", servers_[0].get()), {"/pt.balance1", servers_[1].get()}}) {
      text +=
          fmt::format("[[storage]]\npath = \"{}\"\ntype = \"webdav\"\nurl = \"{}\"\nproxy = \"none\"\n{}\n",
                      path, server->url(), more);
    }
    write_file(config(), text);
  }
  /// Requests for data of a file that a member has had.
  std::size_t reads_of(int member, std::string_view file) const {
    return count_of(servers_[member]->log(), fmt::format("GET /{} ", file));
  }
  static std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
  }
  fs::path config() const { return scratch_.path() / "mount.conf"; }
  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> line = {BALANCEFS_BINARY, "verify", "--config", config()};
    line.insert(line.end(), more.begin(), more.end());
    return line;
  }
  ProgramResult verify(const std::vector<std::string>& more) { return run(command(more), 60s); }
  fs::path at(int member, std::string_view path) const { return servers_[member]->root() / path; }

  ScratchDirectory scratch_;
  std::vector<std::unique_ptr<Server>> servers_ = two_servers();

 private:
  static std::vector<std::unique_ptr<Server>> two_servers() {
    std::vector<std::unique_ptr<Server>> servers;
    for (int i = 0; i < 2; ++i) servers.push_back(start_server(ServerKind::nginx_webdav));
    return servers;
  }
};

TEST_F(VerifyProgram, EqualMembersEndWithZero) {
  const ProgramResult done = verify({"/pt"});
  EXPECT_EQ(done.status, 0) << done.text();
  EXPECT_EQ(done.out,
            "3 folders, 5 names, 3 files in common; 0 differences\nthe members of /pt are the same\n");
  const ProgramResult deep = verify({"pt", "--deep"});
  EXPECT_EQ(deep.status, 0) << deep.text();
  EXPECT_NE(deep.out.find("; 2.9 MiB of 3 files compared;"), std::string::npos) << deep.out;
}

TEST_F(VerifyProgram, PlantedDifferencesAreFoundAndEndWithOne) {
  fs::remove(at(1, "films/old/two.mkv"));
  write_file(at(0, "films/only\nhere"), "x");
  write_file(at(1, "notes \xc3\xa4.txt"), "longer notes");
  std::string flipped = ramp_bytes(0, 3'000'000, 7);
  flipped[2'500'000] = static_cast<char>(flipped[2'500'000] + 1);
  write_file(at(1, "films/one.mkv"), flipped);
  const ProgramResult shallow = verify({"/pt"});
  EXPECT_EQ(shallow.status, 1) << shallow.text();
  EXPECT_NE(shallow.out.find("films/old/two.mkv: only on /pt, missing on /pt.balance1\n"), std::string::npos);
  EXPECT_NE(shallow.out.find("films/only\\x0ahere: only on /pt, missing on /pt.balance1\n"),
            std::string::npos);
  EXPECT_NE(shallow.out.find("notes \xc3\xa4.txt: size differs: 5 on /pt, 12 on /pt.balance1\n"),
            std::string::npos);
  EXPECT_NE(shallow.out.find("3 differences (2 missing, 1 size)\nthe members of /pt differ\n"),
            std::string::npos)
      << shallow.out;
  EXPECT_EQ(shallow.err, "") << "no terminal, no moving bar";
  const ProgramResult deep = verify({"/pt", "--deep"});
  EXPECT_EQ(deep.status, 1) << deep.text();
  EXPECT_NE(deep.out.find("films/one.mkv: bytes differ, the first at offset 2500000: /pt and /pt.balance1\n"),
            std::string::npos)
      << deep.out;
}

TEST_F(VerifyProgram, JsonIsALineForEachFindingAndTheSummaryLast) {
  fs::remove(at(1, "films/old/two.mkv"));
  const ProgramResult done = verify({"/pt", "--json", "--sample", "1"});
  EXPECT_EQ(done.status, 1) << done.text();
  std::vector<nlohmann::json> objects;
  std::istringstream lines(done.out);
  for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(objects.size(), 2u) << done.out;
  EXPECT_EQ(objects[0]["event"], "difference");
  EXPECT_EQ(objects[0]["kind"], "missing");
  EXPECT_EQ(objects[0]["path"], "films/old/two.mkv");
  EXPECT_EQ(objects[0]["on"][0]["member"], "/pt");
  EXPECT_EQ(objects[0]["others"], nlohmann::json::parse(R"([{"member":"/pt.balance1"}])"));
  EXPECT_EQ(objects[1]["event"], "summary");
  EXPECT_EQ(objects[1]["outcome"], "different");
  EXPECT_EQ(objects[1]["files_read"], 1);
}

TEST_F(VerifyProgram, AMemberThatIsDownIsNotSaidToLackAnything) {
  servers_[1]->stop();
  const ProgramResult done = verify({"/pt"});
  EXPECT_EQ(done.status, 2) << done.text();
  EXPECT_TRUE(done.out.starts_with("/: unknown on /pt.balance1: ")) << done.out;
  EXPECT_EQ(done.out.find("missing"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("could not be compared completely"), std::string::npos) << done.out;
}

TEST_F(VerifyProgram, BytesComeInPiecesThatTheBandwidthAsksFor) {
  EXPECT_EQ(verify({"/pt", "--deep"}).status, 0);
  EXPECT_EQ(reads_of(0, "films/one.mkv"), 2u) << "3 MB in blocks of 2 MiB";
  write_config("bandwidth = \"2MiB\"\naccount = \"one\"\n");
  const ProgramResult done = verify({"/pt", "--deep"});
  EXPECT_EQ(done.status, 0) << done.text();
  EXPECT_EQ(reads_of(0, "films/one.mkv"), 2u + 3u) << "in pieces of 1 MiB";
  EXPECT_EQ(reads_of(1, "films/one.mkv"), 2u + 3u);
}

TEST_F(VerifyProgram, OnATerminalABarShowsHowFarItIs) {
  int master = -1;
  int terminal = -1;
  if (::openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0)
    GTEST_SKIP() << "no pseudo-terminals here (/dev/pts is not mounted)";
  ::close(master);
  ::close(terminal);
  write_config("bandwidth = \"2MiB\"\naccount = \"one\"\n");  // for the bar to have its time
  std::string line;
  for (const std::string& word : command({"/pt", "--deep"})) line += word + " ";
  const ProgramResult done = run({"script", "-qec", line, "/dev/null"}, 60s);
  EXPECT_EQ(done.status, 0) << done.text();
  EXPECT_NE(done.out.find("\r\033[K["), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("MiB/s, about "), std::string::npos) << done.out;
  EXPECT_TRUE(
      done.out.ends_with("\r\033[K3 folders, 5 names, 3 files in common; 2.9 MiB of 3 files compared; "
                         "0 differences\r\nthe members of /pt are the same\r\n"))
      << done.out;
}

TEST_F(VerifyProgram, WhenItsReaderGoesItEnds) {
  for (int i = 0; i < 2000; ++i) write_file(at(0, fmt::format("many/{}", i)), "");
  fs::create_directory(at(1, "many"));
  const ProgramResult done = run_script(R"("$@" | head -n 1)", "/", command({"/pt"}), 60s);
  EXPECT_FALSE(done.timed_out) << done.text();
  EXPECT_EQ(count_of(done.out, "\n"), 1u) << done.out;
  EXPECT_EQ(done.err, "");
}

TEST_F(VerifyProgram, InterruptedItSaysWhatItKnows) {
  servers_[1]->freeze();
  Program program(command({"/pt", "--json"}));
  EXPECT_FALSE(program.wait(1s));
  program.signal(SIGINT);
  const ProgramResult done = program.finish(20s);
  EXPECT_EQ(done.status, 2) << done.text();
  EXPECT_NE(done.out.find("\"interrupted\":true"), std::string::npos) << done.out;
}

TEST_F(VerifyProgram, AGroupThatDoesNotExistIsAnErrorThatNamesTheOnesThatDo) {
  const ProgramResult done = verify({"/px"});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "balancefs: '/px': no such group; groups to compare: /pt\n");
}

}  // namespace
}  // namespace balancefs::test
