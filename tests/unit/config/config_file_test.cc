#include "config/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOneStorage =
    "[[storage]]\npath = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h/x\"\n";

/// All problems as "line: text", one a line; empty when the text loads.
std::string problems_of(const TempFolder& folder, std::string_view text) {
  const ConfigResult result = load_config(folder.write("mount.conf", text));
  std::string all;
  if (result) return all;
  for (const ConfigProblem& problem : result.error())
    all += std::to_string(problem.line) + ": " + problem.text + "\n";
  return all;
}

TEST(ConfigFile, AGoodFileBecomesOptions) {
  const TempFolder folder;
  folder.write("alice", "geheim\n");
  const ScopedVariable home("HOME", "/home/alice");
  const ConfigResult result = load_config(folder.write("mount.conf", R"(
[mount]
point = "~/cloud"
allow_other = true
uid = 1000
umask = 0o077
file_mode = "0640"
read_ahead = "1MiB"
[cache]
mode = "disk"
dir = "~/films/cache"
size = "200GiB"
memory = "64MiB"
[metadata]
ttl = "30s"
max_stale = "1h"
stale_if_error = "7d"
patience = "2s"
timeout = "20s"
[read]
read_timeout = "90s"
[log]
level = "debug"
target = "log/mount.log"
[[storage]]
path = "/pt/"
type = "webdav"
url = "https://Dav.example.com/media/"
user = "alice"
password_file = "alice"
proxy = "none"
connect_timeout = "3s"
http2 = false
etags = false
[[storage]]
path = "/pt.balance1"
type = "http"
url = "http://backup.example.net"
token = "abc"
weight = 2
tier = 1
enabled = false
[[storage]]
path = "//archive//old"
type = "local"
root = "old"
[group."/pt"]
policy = "round-robin"
identity = "size+mtime"
names = "nfc"
stripe = true
hedge = true
)"));
  ASSERT_TRUE(result.has_value()) << result.error().front().text;
  const Options& options = *result;
  EXPECT_EQ(options.file, folder.path("mount.conf"));
  EXPECT_EQ(options.mount.point, "/home/alice/cloud");
  EXPECT_TRUE(options.mount.allow_other);
  EXPECT_EQ(options.mount.uid, 1000u);
  EXPECT_FALSE(options.mount.gid.has_value());
  EXPECT_EQ(options.mount.umask, 077u);
  EXPECT_EQ(options.mount.file_mode, 0640u);
  EXPECT_EQ(options.mount.read_ahead, 1u << 20);
  EXPECT_EQ(options.cache.mode, CacheOptions::Mode::disk);
  EXPECT_EQ(options.cache.dir, "/home/alice/films/cache");
  EXPECT_EQ(options.cache.size, 200ull << 30);
  EXPECT_EQ(options.cache.memory, 64u << 20);
  EXPECT_EQ(options.metadata.ttl, 30s);
  EXPECT_EQ(options.metadata.max_stale, 1h);
  EXPECT_EQ(options.metadata.stale_if_error, 168h);
  EXPECT_EQ(options.metadata.patience, 2s);
  EXPECT_EQ(options.read.patience, 2s) << "one key serves both";
  EXPECT_EQ(options.metadata.timeout, 20s);
  EXPECT_EQ(options.read.read_timeout, 90s);
  EXPECT_EQ(options.log.level, LogOptions::Level::debug);
  EXPECT_EQ(options.log.target, folder.path("log/mount.log"));
  ASSERT_EQ(options.storages.size(), 3u);
  const StorageOptions& first = options.storages[0];
  EXPECT_EQ(first.path, "/pt");
  EXPECT_EQ(first.url, "https://dav.example.com/media");
  EXPECT_EQ(first.http.user, "alice");
  EXPECT_EQ(first.http.password.reveal(), "geheim");
  EXPECT_EQ(first.http.proxy, "none");
  EXPECT_EQ(first.http.connect_timeout, 3s);
  EXPECT_FALSE(first.http.http2);
  EXPECT_FALSE(first.etags);
  EXPECT_EQ(first.line, 25);
  const StorageOptions& second = options.storages[1];
  EXPECT_EQ(second.type, "http");
  EXPECT_EQ(second.http.token.reveal(), "abc");
  EXPECT_EQ(second.weight, 2u);
  EXPECT_EQ(second.tier, 1u);
  EXPECT_FALSE(second.enabled);
  EXPECT_EQ(options.storages[2].path, "/archive/old");
  EXPECT_EQ(options.storages[2].root, folder.path("old"));
  ASSERT_TRUE(options.groups.contains("/pt"));
  EXPECT_EQ(options.groups.at("/pt").identity, GroupOptions::IdentityRule::size_mtime);
  EXPECT_EQ(options.groups.at("/pt").names, GroupOptions::Names::nfc);
  EXPECT_TRUE(options.groups.at("/pt").stripe);
  EXPECT_TRUE(options.groups.at("/pt").hedge);
  EXPECT_TRUE(options.warnings.empty());
}

TEST(ConfigFile, AShortFileHasTheDocumentedDefaults) {
  const TempFolder folder;
  const ConfigResult result = load_config(folder.write("mount.conf", kOneStorage));
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->mount.read_only);
  EXPECT_EQ(result->mount.umask, 022u);
  EXPECT_EQ(result->cache.memory, 0u) << "auto";
  EXPECT_EQ(result->metadata.ttl, 60s);
  EXPECT_FALSE(result->metadata.stale_if_error.has_value()) << "unlimited";
  EXPECT_EQ(result->storages[0].http.auth, HttpOptions::Auth::automatic);
  EXPECT_EQ(result->storages[0].weight, 1u);
}

struct BadFile {
  std::string_view text;    ///< comes before a good storage
  std::string_view wanted;  ///< in the one problem
};

class ConfigSections : public testing::TestWithParam<BadFile> {};

TEST_P(ConfigSections, ReportsOneProblemWithWhatIsAccepted) {
  const TempFolder folder;
  const std::string problems =
      problems_of(folder, std::string(GetParam().text) + "\n" + std::string(kOneStorage));
  EXPECT_NE(problems.find(GetParam().wanted), std::string::npos) << problems;
  EXPECT_EQ(std::ranges::count(problems, '\n'), 1) << problems;
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, ConfigSections,
    testing::Values(
        BadFile{"[mount]\npiont = \"/x\"",
                "2: mount.'piont': unknown key; did you mean point?; accepted in [mount]: point, "},
        BadFile{"[mount]\nzebra = 1", "2: mount.'zebra': unknown key; accepted in [mount]: point, "},
        BadFile{"[mount]\npoint = 7",
                "2: mount.point: is a whole number (7); accepted: the path of an empty folder"},
        BadFile{"[mount]\npoint = \"\"", "2: mount.point: '' is empty"},
        BadFile{"[mount]\nallow_other = \"yes\"",
                "2: mount.allow_other: is a string ('yes'); accepted: true, false"},
        BadFile{"[mount]\nread_only = false", "2: mount.read_only: 'false' is not possible; accepted: true"},
        BadFile{"[mount]\nuid = -1", "2: mount.uid: '-1' is not possible; accepted: a number from 0"},
        BadFile{"[mount]\ngid = 4294967295", "2: mount.gid: '4294967295' is not possible"},
        BadFile{"[mount]\numask = 22", "2: mount.umask: is a whole number (22); accepted: octal"},
        BadFile{"[mount]\numask = \"999\"", "2: mount.umask: '999' is not possible; accepted: octal"},
        BadFile{"[mount]\ndir_mode = \"7777\"", "2: mount.dir_mode: '7777' is not possible"},
        BadFile{"mount = 3", "1: mount: is a whole number; write it as a table: [mount]"},
        BadFile{"[[mount]]\npoint = \"/x\"", "1: mount: is a list; write it as a table: [mount]"},
        BadFile{"[cache]\nmode = \"ram\"",
                "2: cache.mode: 'ram' is not possible; accepted: \"disk\", \"memory\""},
        BadFile{"[cache]\nsize = \"1MiB\"",
                "2: cache.size: '1MiB' is not possible; accepted: a size from \"64MiB\""},
        BadFile{"[cache]\nsize = \"10\"", "2: cache.size: '10' is not possible; accepted: a size"},
        BadFile{"[cache]\ndir = \"\"", "2: cache.dir: '' is empty"},
        BadFile{"[cache]\nmemory = \"256\"",
                "2: cache.memory: '256' is not possible; accepted: \"auto\", or a size"},
        BadFile{"[cache]\nmemory = \"1MiB\"", "2: cache.memory: '1MiB' is not possible"},
        BadFile{"[cache]\nmemory = 256", "2: cache.memory: is a whole number (256)"},
        BadFile{"[metadata]\nttl = \"60\"",
                "2: metadata.ttl: '60' is not possible; accepted: a time such as"},
        BadFile{"[metadata]\nttl = 60", "2: metadata.ttl: is a whole number (60); accepted: a time such as"},
        BadFile{"[metadata]\nttl = \"9999d\"",
                "2: metadata.ttl: '9999d' is out of range; accepted: 0ms to 365d"},
        BadFile{"[metadata]\nmax_stale = \"1s\"",
                "2: metadata.max_stale: is shorter than ttl; accepted: 1m or longer"},
        BadFile{"[metadata]\ntimeout = \"1s\"", "2: metadata.timeout: timeout is shorter than patience"},
        BadFile{"[metadata]\nstale_if_error = \"forever\"",
                "2: metadata.stale_if_error: 'forever' is not possible"},
        BadFile{"[read]\nread_timeout = \"10ms\"",
                "2: read.read_timeout: '10ms' is out of range; accepted: 1s to 1h"},
        BadFile{"[log]\nlevel = \"warn\"",
                "2: log.level: 'warn' is not possible; accepted: \"error\", \"warning\""},
        BadFile{"[log]\nlevel = \"dbug\"", "2: log.level: 'dbug' is not possible; did you mean \"debug\"?"},
        BadFile{"[log]\ntarget = \"syslog\"", "2: log.target: 'syslog' is not possible; accepted: \"auto\""},
        BadFile{"[muont]\nx = 1", "1: 'muont': unknown; did you mean mount?; accepted: [mount]"},
        BadFile{"level = \"info\"", "1: 'level': unknown; accepted: [mount]"},
        BadFile{"[group]\npolicy = \"first\"", "2: group.'policy': is a string; write [group.\"/pt\"]"},
        BadFile{"[group.pt]\nidentity = \"size\"",
                "1: group.'pt': is no visible path; write it as in [group.\"/pt\"]"},
        BadFile{"[group.\"/pt\"]\npolicy = \"random\"",
                "2: group.policy: 'random' is not possible; accepted: \"round-robin\", "
                "\"least-in-flight\", \"fastest\", \"first\""},
        BadFile{"[group.\"/pt\"]\nidentity = \"etag\"",
                "2: group.identity: 'etag' is not possible; accepted: \"size\""},
        BadFile{"[group.\"/pt\"]\nstripe = \"yes\"",
                "2: group.stripe: is a string ('yes'); accepted: true, false"},
        BadFile{"[group.\"/pt\"]\nnames = \"nfd\"", "2: group.names: 'nfd' is not possible; did you mean"},
        BadFile{"[group.\"/pt\"]\nhedge = 1", "2: group.hedge: is a whole number (1); accepted: true, false"},
        BadFile{"[group.\"/pt\"]\n[group.\"/pt/\"]", "group.'/pt': has a table already"}));

class ConfigStorages : public testing::TestWithParam<BadFile> {};

TEST_P(ConfigStorages, ReportsOneProblemWithWhatIsAccepted) {
  const TempFolder folder;
  const ScopedVariable unset("BALANCEFS_TEST_NO_SECRET", nullptr);
  const std::string problems = problems_of(folder, "[[storage]]\n" + std::string(GetParam().text));
  EXPECT_NE(problems.find(GetParam().wanted), std::string::npos) << problems;
  EXPECT_EQ(std::ranges::count(problems, '\n'), 1) << problems;
}

#define DAV "path = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h/x\"\n"
INSTANTIATE_TEST_SUITE_P(
    BadInput, ConfigStorages,
    testing::Values(
        BadFile{"type = \"webdav\"\nurl = \"https://h\"",
                "1: storage.path: is missing; accepted: where its root appears"},
        BadFile{"path = \"pt\"\ntype = \"webdav\"\nurl = \"https://h\"",
                "2: storage.path: 'pt' is not possible"},
        BadFile{"path = \"/a/../b\"\ntype = \"webdav\"\nurl = \"https://h\"",
                "2: storage.path: '/a/../b' has '.' or '..'"},
        BadFile{"path = \"/a\\u0007\"\ntype = \"webdav\"\nurl = \"https://h\"",
                "2: storage.path: '/a\\x07' is not possible"},
        BadFile{"path = \"/pt\"\nurl = \"https://h\"", "1: storage.type: is missing; accepted: \"webdav\""},
        BadFile{"path = \"/pt\"\ntype = \"s3\"",
                "3: storage.type: 's3' is not in this version; accepted: \"webdav\""},
        BadFile{"path = \"/pt\"\ntype = \"webdaw\"",
                "3: storage.type: 'webdaw' is not possible; did you mean \"webdav\"?"},
        BadFile{"path = \"/pt\"\ntype = \"webdav\"", "1: storage.url: is missing"},
        BadFile{"path = \"/pt\"\ntype = \"webdav\"\nurl = \"h/x\"",
                "4: storage.url: 'h/x' has no scheme; write https://"},
        BadFile{"path = \"/pt\"\ntype = \"local\"", "1: storage.root: is missing"},
        BadFile{"path = \"/pt\"\ntype = \"local\"\nroot = \"/x\"\nurl = \"https://h\"",
                "5: storage.url: means nothing for"},
        BadFile{"path = \"/pt\"\ntype = \"local\"\nroot = \"/x\"\nverify_tls = false",
                "5: storage.verify_tls: means nothing"},
        BadFile{DAV "root = \"/x\"", "5: storage.root: is for type \"local\" only"},
        BadFile{DAV "user = \"alice\"", "5: storage.user: has no password; add password_file"},
        BadFile{DAV "password = \"geheim\"", "1: storage.user: is missing, but a password is given"},
        BadFile{DAV "user = \"a\"\npassword = \"x\"\npassword_env = \"Y\"",
                "7: storage.password_env: password is given as well"},
        BadFile{DAV "user = \"a:b\"\npassword = \"x\"", "5: storage.user: has a ':'"},
        BadFile{DAV "user = \"a\"\npassword = 7",
                "6: storage.password: is a whole number; accepted: a string"},
        BadFile{DAV "user = \"a\"\npassword = \"x\\ny\"", "6: storage.password: has more than one line"},
        BadFile{DAV "user = \"a\"\npassword_file = \"none\"",
                "6: storage.password_file: 'none' cannot be read: No such file"},
        BadFile{DAV "user = \"a\"\npassword_env = \"BALANCEFS_TEST_NO_SECRET\"",
                "6: storage.password_env: 'BALANCEFS_TEST_NO_SECRET' is not set"},
        BadFile{DAV "user = \"a\"\npassword_command = \"exit 4\"",
                "6: storage.password_command: failed with status 4"},
        BadFile{DAV "user = \"a\"\npassword = \"x\"\ntoken = \"t\"",
                "7: storage.token: user is given as well"},
        BadFile{DAV "auth = \"basic\"", "5: storage.auth: needs user and a password"},
        BadFile{DAV "auth = \"bearer\"", "5: storage.auth: \"bearer\" needs token"},
        BadFile{DAV "auth = \"none\"\ntoken = \"t\"", "5: storage.auth: \"none\" uses no user and no token"},
        BadFile{DAV "auth = \"ntlm\"", "5: storage.auth: 'ntlm' is not possible; accepted: \"auto\""},
        BadFile{DAV "ca_file = \"none.pem\"", "none.pem' cannot be read: No such file"},
        BadFile{DAV "client_key = \"/dev/null\"", "5: storage.client_key: needs client_certificate as well"},
        BadFile{DAV "proxy = \"proxy:3128\"",
                "5: storage.proxy: 'proxy:3128' is no proxy; accepted: \"none\""},
        BadFile{DAV "user_agent = \"a\\r\\nb\"", "5: storage.user_agent: 'a\\x0d\\x0ab' is not possible"},
        BadFile{DAV "connect_timeout = \"0s\"",
                "5: storage.connect_timeout: '0s' is out of range; accepted: 1s to 5m"},
        BadFile{DAV "weight = 0",
                "5: storage.weight: '0' is not possible; accepted: a number from 1 to 1000"},
        BadFile{DAV "tier = 101", "5: storage.tier: '101' is not possible; accepted: a number from 0 to 100"},
        BadFile{DAV "max_connections = 0",
                "5: storage.max_connections: '0' is not possible; accepted: a number from 1 to 1000"},
        BadFile{DAV "requests_per_second = 0.5", "5: storage.requests_per_second: is a fraction"},
        BadFile{DAV "bandwidth = \"5\"",
                "5: storage.bandwidth: '5' is not possible; accepted: a size per second from \"16KiB\""},
        BadFile{DAV "account = \"\"", "5: storage.account: '' is not possible; accepted: a name"},
        BadFile{DAV "pasword = \"geheim\"", "5: storage.'pasword': unknown key; did you mean password?"},
        BadFile{DAV "[[storage]]\n" DAV,
                "6: storage.path: '/pt' is the path of the storage at line 1 already; write /pt.balance1"}));
#undef DAV

TEST(ConfigFile, ReportsAllProblemsInTheOrderOfTheirLines) {
  const TempFolder folder;
  const std::string problems = problems_of(folder, R"([[storage]]
path = "pt"
type = "webdav"
url = "example.com/dav"
weight = 0
[metadata]
tll = "5s"
[mount]
umask = 8
)");
  EXPECT_EQ(std::ranges::count(problems, '\n'), 5) << problems;
  std::size_t last = 0;
  for (const char* line :
       {"2: storage.path", "4: storage.url", "5: storage.weight", "7: metadata", "9: mount.umask"}) {
    const std::size_t at = problems.find(line);
    ASSERT_NE(at, std::string::npos) << line << " in " << problems;
    EXPECT_GE(at, last);
    last = at;
  }
}

TEST(ConfigFile, NamesWhatIsNotToml) {
  const TempFolder folder;
  EXPECT_NE(problems_of(folder, "[mount\npoint = 1").find("1: not valid TOML"), std::string::npos);
  EXPECT_NE(problems_of(folder, "[mount]\nuid = 1\nuid = 2\n").find("3: not valid TOML"), std::string::npos);
  EXPECT_NE(problems_of(folder, std::string("\xff\xfe\0x", 4)).find("not valid TOML"), std::string::npos);
  EXPECT_NE(problems_of(folder, "").find("storage: there is none"), std::string::npos);
  EXPECT_NE(
      problems_of(folder, "[storage]\npath = \"/x\"").find("1: storage: write [[storage]] with two brackets"),
      std::string::npos);
  EXPECT_NE(problems_of(folder, "storage = [1]").find("1: storage: is a whole number; write [[storage]]"),
            std::string::npos);
}

TEST(ConfigFile, NeverShowsASecretInAProblem) {
  const TempFolder folder;
  folder.write("lines", "geheim\ngeheim");
  for (const char* line :
       {"password = geheim", "password = \"geheim", "token = 'geheim", "pasword = \"geheim\"",
        "password = [\"geheim\"]", "user = \"a\"\npassword = \"geheim\\u0000\"",
        "password_command = \"echo geheim; exit 1\"\nuser = \"a\"", "user = \"a\"\npassword_file = \"lines\"",
        "token = \"geheim\\r\\nX: y\"", "url = \"https://a:geheim@h/x\"", "url = https://a:geheim@h/x",
        "proxy = \"http//u:geheim@h\""}) {
    const std::string problems =
        problems_of(folder, "[[storage]]\npath = \"/pt\"\ntype = \"webdav\"\n" + std::string(line));
    EXPECT_FALSE(problems.empty()) << line;
    EXPECT_EQ(problems.find("geheim"), std::string::npos) << problems;
  }
}

TEST(ConfigFile, ThatCannotBeReadSaysWhy) {
  const TempFolder folder;
  EXPECT_EQ(load_config(folder.path("none")).error().front().text,
            "cannot be read: No such file or directory");
  EXPECT_EQ(load_config(folder.path()).error().front().text, "is a folder; give the file in it");
  EXPECT_EQ(load_config("/dev/zero").error().front().text, "is larger than 4 MiB");
}

TEST(ConfigFile, WarnsOfAWrittenOutPasswordThatOthersCanRead) {
  const TempFolder folder;
  const std::string text = std::string(kOneStorage) + "user = \"a\"\npassword = \"geheim\"\n";
  const std::string file = folder.write("mount.conf", text);
  EXPECT_TRUE(load_config(file)->warnings.empty());
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  const auto warnings = load_config(file)->warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find(":6: a password or token is written out"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[0].find("chmod 600"), std::string::npos);
}

TEST(ConfigFile, WarnsWhenCertificatesAreNotVerified) {
  const TempFolder folder;
  const auto options =
      load_config(folder.write("mount.conf", std::string(kOneStorage) + "verify_tls = false\n"));
  ASSERT_TRUE(options.has_value());
  ASSERT_EQ(options->warnings.size(), 1u);
  EXPECT_NE(options->warnings[0].find("verify_tls"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
