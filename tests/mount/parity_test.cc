// The mount shows what the server's directory holds, name for name and byte for byte, to the programs that
// people use.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/mounted_app.h"
#include "support/native_tree.h"

namespace balancefs::test {
namespace {

struct Backend {
  const char* name;
  std::optional<ServerKind> server;  ///< none: a local directory

  bool lists_dot_files() const { return !server || *server == ServerKind::apache_webdav; }
};

const Backend kBackends[] = {
    {"WebDavOnNginx", ServerKind::nginx_webdav},
    {"WebDavOnApache", ServerKind::apache_webdav},
    {"IndexOnNginx", ServerKind::nginx_html},
    {"Local", std::nullopt},
};

/// A native tree and a mount of it, at /pt.
class Parity : public MountTest, public testing::WithParamInterface<Backend> {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    NativeTreeOptions options;
    options.dot_files = GetParam().lists_dot_files();
    make_native_tree(native(), options);
    if (!GetParam().server) return;
    ServerOptions serve;
    serve.root = native();
    server_ = start_server(*GetParam().server, serve);
  }

  /// Mounts at the first call: a listing from before would hide what a test adds to the tree.
  std::filesystem::path mounted() {
    if (app_ == nullptr) {
      MountConfig config;
      config.storages.push_back(server_ ? storage_of(*server_, "/pt")
                                        : StorageLines("/pt", "local", native()));
      app_ = std::make_unique<MountedApp>(config);
    }
    return app_->path("pt");
  }
  std::filesystem::path native() const { return scratch_.path() / "native"; }

  ScratchDirectory scratch_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<MountedApp> app_;
};

TEST_P(Parity, FindShowsTheSameNamesTypesAndSizes) {
  EXPECT_EQ(difference(tree_listing(native()), tree_listing(mounted())), "");
}

TEST_P(Parity, EveryFileHasTheSameChecksum) {
  EXPECT_EQ(difference(tree_checksums(native()), tree_checksums(mounted())), "");
}

TEST_P(Parity, CopiesOfTheTreeAreEqual) {
  const auto copy = scratch_.path() / "copy";
  const ProgramResult copied = run({"cp", "-r", mounted(), copy});
  ASSERT_EQ(copied.status, 0) << copied.text();
  const ProgramResult compared = run({"diff", "-r", native(), copy});
  EXPECT_EQ(compared.status, 0) << compared.text();
}

TEST_P(Parity, DiffFindsNoDifference) {
  const ProgramResult compared = run({"diff", "-r", native(), mounted()});
  EXPECT_EQ(compared.status, 0) << compared.text();
}

TEST_P(Parity, RsyncHasNothingToDo) {
  const ProgramResult synced =
      run({"rsync", "-r", "-c", "-n", "--delete", "--out-format=%i %n", native().string() + "/", mounted()});
  EXPECT_EQ(synced.status, 0) << synced.text();
  EXPECT_EQ(synced.out, "");
}

TEST_P(Parity, LongListingsShowSizesAndNames) {
  const std::string script =
      "ls -l -A --time-style=+ --quoting-style=c . | awk 'NR > 1 {print $5, $6, $7, $8}'";
  for (const char* directory : {"odd", "sizes", "many"}) {
    const ProgramResult expected = run_script(script, native() / directory);
    const ProgramResult shown = run_script(script, mounted() / directory);
    EXPECT_EQ(difference(expected.out, shown.out), "") << directory;
    EXPECT_EQ(shown.err, "");
  }
}

TEST_P(Parity, Md5sumOfManySmallFilesAgrees) {
  const std::string script = "md5sum * | md5sum";
  EXPECT_EQ(run_script(script, mounted() / "many").out, run_script(script, native() / "many").out);
}

TEST_P(Parity, OddNamesOpenByName) {
  for (const std::string& name : odd_names()) {
    const FileContent expected = read_file(native() / "odd" / name);
    const FileContent shown = read_file(mounted() / "odd" / name);
    EXPECT_EQ(shown.error, 0) << name;
    EXPECT_EQ(shown.text, expected.text) << name;
  }
}

TEST_P(Parity, NamesThatAreNotThereAreNotThere) {
  for (const char* name :
       {"nothing", "odd/nothing", "odd/with space.txt2", "many/file 99999", "odd/100%25.txt"}) {
    EXPECT_EQ(open_error(mounted() / name), ENOENT) << name;
  }
  EXPECT_EQ(open_error(mounted() / "odd" / "a+b.txt" / "below a file"), ENOTDIR);
}

TEST_P(Parity, FfprobeReadsAFilm) {
  const auto film = native() / "film.mp4";
  const ProgramResult made =
      run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=4:size=320x240:rate=10", "-f",
           "lavfi", "-i", "sine=duration=4", film});
  ASSERT_EQ(made.status, 0) << made.text();
  std::filesystem::permissions(film, std::filesystem::perms(0644));
  const std::vector<std::string> probe = {
      "ffprobe",       "-v",
      "error",         "-count_packets",
      "-show_entries", "format=duration,size,nb_streams:stream=codec_name,nb_read_packets"};
  std::vector<std::string> on_native = probe, on_mount = probe;
  on_native.push_back(film);
  on_mount.push_back(mounted() / "film.mp4");
  const ProgramResult shown = run(on_mount);
  EXPECT_EQ(shown.status, 0) << shown.text();
  EXPECT_EQ(shown.out, run(on_native).out);
}

INSTANTIATE_TEST_SUITE_P(Mount, Parity, testing::ValuesIn(kBackends),
                         [](const auto& backend) { return std::string(backend.param.name); });

}  // namespace
}  // namespace balancefs::test
