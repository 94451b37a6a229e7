// A balanced mount whose members stand behind shapers, so that one of them can be slow, stall or die in the
// middle of a read.
#pragma once

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"
#include "support/shaper.h"

namespace balancefs::test {

class ShapedMembers : public BalancedMount {
 protected:
  /// Members that serve `native()`, and the mount of them with this text in their group's section.
  void start_shaped(int count, const std::string& group, ShaperSettings settings = ShaperSettings()) {
    start_members(count);
    std::vector<std::string> urls;
    for (const auto& server : members_) {
      shapers_.push_back(std::make_unique<Shaper>(server->port(), settings));
      urls.push_back(shapers_.back()->url());
    }
    MountConfig config = balanced(urls);
    config.sections = "[group.\"/pt\"]\n" + group;
    app_ = std::make_unique<MountedApp>(config);
  }
  Shaper& shaper(int i) { return *shapers_.at(static_cast<std::size_t>(i)); }
  std::uint64_t requests_of_all() const {
    std::uint64_t sum = 0;
    for (const auto& each : shapers_) sum += each->counts().requests;
    return sum;
  }
  /// How often the log says so.
  std::size_t times_logged(const std::string& text) const {
    const std::string log = app_->log();
    std::size_t count = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  std::vector<std::unique_ptr<Shaper>> shapers_;
};

/// So long a round trip, and nothing else.
inline ShaperSettings away(std::chrono::milliseconds round_trip) {
  ShaperSettings settings;
  settings.round_trip = round_trip;
  return settings;
}

/// A file that is read from the start on.
class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : fd_(open(path.c_str(), O_RDONLY)) {
    EXPECT_GE(fd_, 0) << strerror(errno);
  }
  ~OpenFile() { close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// Reads so many bytes, less at the end of the file, and expects them to be the ramp's.
  std::uint64_t read_ramp(std::uint64_t count, std::uint32_t seed) {
    std::string buffer(131072, '\0');
    std::uint64_t got = 0;
    while (got < count) {
      const ssize_t some = read(fd_, buffer.data(), std::min<std::uint64_t>(buffer.size(), count - got));
      EXPECT_GE(some, 0) << strerror(errno);
      if (some <= 0) break;
      const auto bytes = std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(some)));
      EXPECT_TRUE(is_ramp(bytes, at_, seed)) << "at byte " << at_;
      got += static_cast<std::uint64_t>(some);
      at_ += static_cast<std::uint64_t>(some);
    }
    return got;
  }

 private:
  int fd_;
  std::uint64_t at_ = 0;
};

}  // namespace balancefs::test
