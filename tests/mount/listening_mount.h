// A balanced mount that listens on a free port of loopback.
#pragma once

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {

class ListeningMount : public BalancedMount {
 protected:
  static constexpr std::uint64_t kSize = 200'000;

  void start(int count, const std::string& control = "listen = \"127.0.0.1:0\"\n") {
    for (int i = 0; i < 12; ++i) write_file(native() / name(i), ramp_bytes(0, kSize));
    start_members(count);
    mount("[control]\n" + control);
    url_ = page_url();
    ASSERT_TRUE(url_.starts_with("http://127.0.0.1:")) << url_;
  }
  static std::string name(int i) { return "f" + std::to_string(i); }
  /// As `status` shows it.
  std::string page_url() const {
    const ProgramResult shown = run_script(
        R"("$1" status --json "$2" | python3 -c 'import json,sys; print(json.load(sys.stdin)["page"], end="")')",
        scratch_.path(), {BALANCEFS_BINARY, app_->mountpoint()});
    EXPECT_EQ(shown.status, 0) << shown.text();
    return shown.out;
  }
  /// curl, with further arguments.
  ProgramResult fetch(const std::string& path, std::vector<std::string> more = {}) const {
    std::vector<std::string> command = {"curl", "-sS", "--max-time", "20", url_ + path};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  }
  void read_files(int from, int to) const {
    for (int i = from; i < to; ++i) EXPECT_EQ(read_file(pt(name(i))).text, ramp_bytes(0, kSize));
  }

  std::string url_;
};

}  // namespace balancefs::test
