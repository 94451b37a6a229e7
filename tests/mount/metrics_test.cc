// Metrics of a real mount: Prometheus's own tool reads them, and they say what the test did.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "mount/listening_mount.h"

namespace balancefs::test {
namespace {

class MetricsTest : public ListeningMount {
 protected:
  std::map<std::string, double> scrape() const {
    const ProgramResult got = fetch("metrics");
    EXPECT_EQ(got.status, 0) << got.text();
    std::map<std::string, double> samples;
    std::istringstream lines(got.out);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t blank = line.rfind(' ');
      if (!line.starts_with('#')) samples[line.substr(0, blank)] = std::stod(line.substr(blank));
    }
    return samples;
  }
  static std::string of(const std::string& metric, const std::string& member) {
    return "balancefs_member_" + metric + "{group=\"/pt\",member=\"" + member + "\"}";
  }
};

TEST_F(MetricsTest, CountWhatTheTestDid) {
  start(3);
  read_files(0, 6);
  const std::ifstream open(pt(name(7)));
  auto now = scrape();
  for (const char* member : {"/pt", "/pt.balance1", "/pt.balance2"}) {
    EXPECT_EQ(now.at(of("opens_total", member)), 2) << member;
    EXPECT_EQ(now.at(of("received_bytes_total", member)), 2 * kSize) << member;
    EXPECT_EQ(now.at(of("in_rotation", member)), 1) << member;
    EXPECT_GT(now.at(of("first_byte_p50_seconds", member)), 0) << member;
  }
  EXPECT_EQ(now.at("balancefs_opens_total"), 7);
  EXPECT_EQ(now.at("balancefs_open_files"), 1);
  EXPECT_EQ(now.at("balancefs_read_bytes_total"), 6 * kSize);
  EXPECT_EQ(now.at("balancefs_fetched_bytes_total"), 6 * kSize);
  EXPECT_GT(now.at("balancefs_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(now.at("balancefs_cpu_seconds_total"), 0);
  EXPECT_EQ(run({BALANCEFS_BINARY, "drain", "/pt.balance1", "--mount", app_->mountpoint()}).status, 0);
  now = scrape();
  EXPECT_EQ(now.at(of("in_rotation", "/pt.balance1")), 0);
  EXPECT_EQ(now.at(of("drained", "/pt.balance1")), 1);
}

TEST_F(MetricsTest, FailuresAreCountedByKind) {
  start(2);
  member(1).stop();
  const std::string errors =
      "balancefs_member_errors_total{group=\"/pt\",member=\"/pt.balance1\",kind=\"unavailable\"}";
  EXPECT_EQ(scrape().at(errors), 0);
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 12; ++i) read_file(pt(name(i)));
    run({"ls", pt()});
    return scrape().at(of("ejections_total", "/pt.balance1")) == 1;
  }));
  const auto now = scrape();
  EXPECT_GE(now.at(errors), 3);
  EXPECT_EQ(now.at(of("in_rotation", "/pt.balance1")), 0);
  EXPECT_EQ(now.at(of("in_rotation", "/pt")), 1);
}

TEST_F(MetricsTest, PrometheusReadsThem) {
  start(2);
  read_files(0, 2);
  const ProgramResult checked =
      run_script(R"(curl -sS "$1metrics" | promtool check metrics)", scratch_.path(), {url_});
  EXPECT_EQ(checked.status, 0) << checked.text();
  EXPECT_EQ(checked.out + checked.err, "");
  EXPECT_NE(fetch("metrics", {"-D", "-"}).out.find("Content-Type: text/plain; version=0.0.4"),
            std::string::npos);
}

// SEMANTICS: "No secret is in them."
TEST_F(MetricsTest, APasswordKeepsOthersOut) {
  start(1, "listen = \"127.0.0.1:0\"\npassword = \"geheim\"\n");
  EXPECT_NE(fetch("metrics", {"-o", "/dev/null", "-w", "%{http_code}"}).out.find("401"), std::string::npos);
  EXPECT_NE(fetch("metrics", {"-u", "any:wrong", "-i"}).out.find("401"), std::string::npos);
  const ProgramResult got = fetch("metrics", {"-u", "any:geheim"});
  EXPECT_NE(got.out.find("balancefs_build_info"), std::string::npos);
  EXPECT_EQ(got.out.find("geheim"), std::string::npos);
  EXPECT_EQ(app_->log().find("geheim"), std::string::npos);
}

TEST_F(MetricsTest, AnotherNameOfThisMachineIsRefused) {
  start(1);
  EXPECT_NE(fetch("metrics", {"-i", "-H", "Host: evil.example"}).out.find("403 Forbidden"),
            std::string::npos);
}

// SEMANTICS: "An address that is taken stops the start, with exit status 2."
TEST_F(MetricsTest, AnAddressThatIsTakenStopsTheStart) {
  start(1);
  const std::string port = url_.substr(0, url_.size() - 1).substr(url_.rfind(':') + 1);
  const auto other = scratch_.path() / "other";
  std::filesystem::create_directory(other);
  const auto config = scratch_.path() / "other.conf";
  write_file(config, "[control]\nlisten = \"127.0.0.1:" + port +
                         "\"\n[[storage]]\npath = \"/pt\"\ntype = \"local\"\nroot = \"" + native().string() +
                         "\"\n");
  for (const char* how : {"--foreground", "--config"}) {
    std::vector<std::string> command = {BALANCEFS_BINARY, "mount", "--config", config, other};
    if (how == std::string("--foreground")) command.emplace_back(how);
    const ProgramResult refused = run(command, std::chrono::seconds(60));
    EXPECT_EQ(refused.status, 2) << refused.text();
    EXPECT_NE(refused.err.find("control.listen: 127.0.0.1:" + port +
                               " cannot be listened on: Address already in use"),
              std::string::npos)
        << refused.err;
  }
  EXPECT_EQ(mounted_type(other), "");
}

}  // namespace
}  // namespace balancefs::test
