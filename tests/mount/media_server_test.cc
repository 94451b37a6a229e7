// Media servers over a balanced mount: minidlna and gerbera, which take out of their libraries what a scan
// does not find. They scan while members are up, while one is down and while all are, and their libraries
// stay complete; what was really deleted goes. Everything of theirs lies in the test's folder; they reach no
// network but their own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kImpatient =
    "[metadata]\nttl = \"300ms\"\nmax_stale = \"600ms\"\npatience = \"1s\"\ntimeout = \"5s\"\n";
constexpr auto kScanLimit = 60s;

std::size_t occurrences(const fs::path& file, const std::string& text) {
  const std::string content = read_file(file).text;
  std::size_t count = 0;
  for (std::size_t at = 0; (at = content.find(text, at)) != std::string::npos; at += text.size()) ++count;
  return count;
}

/// What a query gives; empty while the server holds the database.
std::string query(const std::string& database, const std::string& sql) {
  return run({"sqlite3", "-readonly", database, sql}).out;
}

/// minidlna, started for one scan at a time: what it shows then is what its database holds.
class MiniDlna {
 public:
  MiniDlna(const fs::path& media, const fs::path& folder) : folder_(folder) {
    write_file(folder / "minidlna.conf",
               fmt::format("media_dir={}\ndb_dir={}\nlog_dir={}\nlog_level=general,scanner=info\nport={}\n"
                           "network_interface=lo\ninotify=no\nfriendly_name=test\n",
                           media.string(), folder.string(), folder.string(), free_port()));
  }
  void scan() { run_until({}, "finished ("); }
  /// Looks at everything that it knows, and for what is new.
  void scan_again() { run_until({"-r"}, "Rescan completed."); }
  /// Path, size and title of everything that it shows.
  std::string library() const {
    return query(folder_ / "files.db",
                 "SELECT path, size, title FROM details WHERE path IS NOT NULL ORDER BY path");
  }
  std::string log() const { return read_file(folder_ / "minidlna.log").text; }

 private:
  void run_until(const std::vector<std::string>& options, const std::string& said) {
    const std::size_t before = occurrences(folder_ / "minidlna.log", said);
    std::vector<std::string> command = {"/usr/sbin/minidlnad",     "-S", "-f",
                                        folder_ / "minidlna.conf", "-P", folder_ / "minidlna.pid"};
    command.insert(command.end(), options.begin(), options.end());
    Program server(command);
    EXPECT_TRUE(eventually([&] { return occurrences(folder_ / "minidlna.log", said) > before; }, kScanLimit))
        << log();
    server.signal(SIGTERM);
    EXPECT_EQ(server.finish(kScanLimit).status, 0) << log();
  }

  fs::path folder_;
};

/// Gerbera, which scans each second for as long as it runs. Its UPnP library refuses the loopback interface,
/// so it gets a network namespace with one end of a cable in it.
class Gerbera {
 public:
  static std::string cannot_run_because() {
    const ProgramResult made = run({"unshare", unshare_flags(), "sh", "-c", kCable});
    return made.status == 0 ? "" : "no network namespace can be made: " + made.err;
  }
  Gerbera(const fs::path& media, const fs::path& folder) : folder_(folder), media_(media) {
    write_file(folder / "gerbera.xml", config());
    fs::create_directories(folder / "home");
    server_.emplace(std::vector<std::string>{
        "unshare", unshare_flags(), "sh", "-c",
        fmt::format("{} && exec gerbera -c '{}' -m '{}' -f none -i 10.99.0.1 -p 49500 -D -l '{}'", kCable,
                    (folder / "gerbera.xml").string(), (folder / "home").string(), log_file().string())});
  }
  ~Gerbera() {
    server_->signal(SIGTERM);
    server_->wait(kScanLimit);
  }
  Gerbera(const Gerbera&) = delete;
  Gerbera& operator=(const Gerbera&) = delete;

  /// Returns after a scan that began now has ended.
  void scan_again() {
    const std::size_t begun = scans();
    EXPECT_TRUE(eventually([&] { return scans() >= begun + 2; }, kScanLimit)) << read_file(log_file()).text;
  }
  /// Without locks: the server never lets go of its own.
  std::string library() const {
    return query(fmt::format("file:{}?immutable=1", (folder_ / "home/gerbera.db").string()),
                 "SELECT location, dc_title FROM mt_cds_object WHERE location IS NOT NULL ORDER BY location");
  }

 private:
  static constexpr const char* kCable =
      "ip link set lo up && ip link add gerbera0 type veth peer name gerbera1 && "
      "ip link set gerbera0 addrgenmode none && ip addr add 10.99.0.1/24 dev gerbera0 && "
      "ip link set gerbera0 up && ip link set gerbera1 up";

  static std::string unshare_flags() { return geteuid() == 0 ? "-n" : "-rn"; }
  fs::path log_file() const { return folder_ / "gerbera.log"; }
  std::size_t scans() const {
    return occurrences(log_file(), "Rescanning location: " + media_.string() + "\n");
  }
  std::string config() const {
    return fmt::format(
        R"(<?xml version="1.0" encoding="UTF-8"?>
<config version="2" xmlns="http://mediatomb.cc/config/2">
  <server><ui enabled="no"/><name>test</name><udn>uuid:00000000-0000-0000-0000-000000000001</udn>
    <home>{}</home><webroot>/usr/share/gerbera/web</webroot>
    <storage><sqlite3 enabled="yes"><database-file>gerbera.db</database-file></sqlite3></storage>
  </server>
  <import hidden-files="no">
    <autoscan use-inotify="no"><directory location="{}" mode="timed" interval="1" level="full" recursive="yes"
      hidden-files="no"/></autoscan>
    <scripting script-charset="UTF-8"><virtual-layout type="disabled"/></scripting>
    <mappings><extension-mimetype ignore-unknown="no"><map from="mp3" to="audio/mpeg"/>
      <map from="mp4" to="video/mp4"/><map from="jpg" to="image/jpeg"/></extension-mimetype></mappings>
  </import>
</config>
)",
        (folder_ / "home").string(), media_.string());
  }

  fs::path folder_, media_;
  std::optional<Program> server_;
};

/// Three members, 10 ms away, with a library of small media files.
class MediaServer : public ShapedMembers {
 protected:
  static constexpr int kAlbums = 6, kSongs = 6;
  static constexpr int kMediaFiles = kAlbums * (kSongs + 2);  // a film and a cover each
  static constexpr const char* kDeleted = "album 0/song 0.mp3";

  void start_library() {
    fs::create_directories(native());
    fs::create_directories(own());
    const ProgramResult made = run_script(kMakeLibrary, native());
    ASSERT_EQ(made.status, 0) << made.text();
    start_shaped(3, kImpatient, away(10ms));
  }
  fs::path own() const { return scratch_.path() / "server"; }
  /// Members stop, and what is known of them is too old to be served without asking.
  void stop_members(int count) {
    for (int i = 0; i < count; ++i) shaper(i).set_fault(ShaperFault::refuse);
    pass_the_ttl();
  }
  void delete_a_song() {
    fs::remove(native() / kDeleted);
    pass_the_ttl();
  }
  /// Lines that name a media file.
  static long media_in(const std::string& library) {
    const auto lines = lines_of(library);
    return std::ranges::count_if(lines, [](const std::string& line) {
      return line.find(".mp3") != std::string::npos || line.find(".mp4") != std::string::npos ||
             line.find(".jpg") != std::string::npos;
    });
  }
  static std::string without_the_song(const std::string& library) {
    std::string left;
    for (const std::string& line : lines_of(library)) {
      if (line.find(kDeleted) == std::string::npos) left += line + "\n";
    }
    return left;
  }

 private:
  static constexpr const char* kMakeLibrary = R"(set -e
    ffmpeg -v error -f lavfi -i sine=duration=1 -metadata title=Song -metadata artist=Artist song.mp3
    ffmpeg -v error -f lavfi -i testsrc=duration=1:size=64x64:rate=5 -pix_fmt yuv420p film.mp4
    ffmpeg -v error -f lavfi -i testsrc=size=160x160 -frames:v 1 picture.jpg
    for album in 0 1 2 3 4 5; do
      mkdir "album $album"
      for song in 0 1 2 3 4 5; do cp song.mp3 "album $album/song $song.mp3"; done
      cp film.mp4 "album $album/film.mp4"
      cp picture.jpg "album $album/picture.jpg"
    done
    rm song.mp3 film.mp4 picture.jpg)";

  static void pass_the_ttl() { std::this_thread::sleep_for(700ms); }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(MediaServer, MinidlnaKeepsItsLibraryWhateverIsDown) {
  start_library();
  MiniDlna server(pt(), own());
  server.scan();
  const std::string complete = server.library();
  ASSERT_EQ(media_in(complete), kMediaFiles) << complete << server.log();
  delete_a_song();
  server.scan_again();
  const std::string left = without_the_song(complete);
  EXPECT_EQ(difference(left, server.library()), "") << "what is deleted goes, and nothing else";
  for (const int stopped : {1, 3}) {
    stop_members(stopped);
    server.scan_again();
    EXPECT_EQ(difference(left, server.library()), "") << stopped << " of 3 members are down";
  }
}

TEST_F(MediaServer, GerberaKeepsItsLibraryWhateverIsDown) {
  const std::string reason = Gerbera::cannot_run_because();
  if (!reason.empty()) GTEST_SKIP() << reason;
  start_library();
  Gerbera server(pt(), own());
  EXPECT_TRUE(eventually([&] { return media_in(server.library()) == kMediaFiles; }, kScanLimit));
  const std::string complete = server.library();
  ASSERT_EQ(media_in(complete), kMediaFiles) << complete;
  delete_a_song();
  const std::string left = without_the_song(complete);
  EXPECT_TRUE(eventually([&] { return server.library() == left; }, kScanLimit))
      << difference(left, server.library());
  for (const int stopped : {1, 3}) {
    stop_members(stopped);
    server.scan_again();
    EXPECT_EQ(difference(left, server.library()), "") << stopped << " of 3 members are down";
  }
}

}  // namespace
}  // namespace balancefs::test
