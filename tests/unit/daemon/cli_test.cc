#include "daemon/cli.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

template <class Arguments>
Arguments parsed(const std::vector<std::string>& line) {
  const auto command = parse_command_line(line);
  if (!command) ADD_FAILURE() << command.error().text;
  if (!command || !std::holds_alternative<Arguments>(*command)) return Arguments();
  return std::get<Arguments>(*command);
}

std::string refused(const std::vector<std::string>& line) {
  const auto command = parse_command_line(line);
  if (command) return "was accepted";
  EXPECT_EQ(command.error().status, kExitUsage);
  return command.error().text;
}

TEST(CommandLine, MountTakesEverythingOrNothing) {
  const auto bare = parsed<MountArguments>({"mount"});
  EXPECT_FALSE(bare.mountpoint.has_value());
  EXPECT_FALSE(bare.config.has_value());
  EXPECT_FALSE(bare.foreground);
  const auto full = parsed<MountArguments>(
      {"mount", "/mnt/cloud", "--config", "x.conf", "--foreground", "-o", "allow_other,uid=5", "-o", "ro"});
  EXPECT_EQ(full.mountpoint, "/mnt/cloud");
  EXPECT_EQ(full.config, "x.conf");
  EXPECT_TRUE(full.foreground);
  EXPECT_TRUE(full.flags.allow_other);
  EXPECT_EQ(full.flags.uid, 5u);
}

TEST(CommandLine, OptionsMayStandBeforeTheMountpointAsInFstabHelpers) {
  const auto mount = parsed<MountArguments>({"mount", "-o", "ro,nofail", "/mnt/cloud"});
  EXPECT_EQ(mount.mountpoint, "/mnt/cloud");
}

TEST(CommandLine, TheOtherCommandsTakeTheirs) {
  EXPECT_EQ(parsed<UnmountArguments>({"unmount", "/mnt"}).mountpoint, "/mnt");
  EXPECT_FALSE(parsed<UnmountArguments>({"unmount", "/mnt"}).now);
  EXPECT_TRUE(parsed<UnmountArguments>({"umount", "--now", "/mnt"}).now);
  EXPECT_EQ(parsed<CheckArguments>({"check", "--config", "x"}).config, "x");
  const auto refresh = parsed<RefreshArguments>({"refresh", "/mnt/a", "--recursive"});
  EXPECT_EQ(refresh.path, "/mnt/a");
  EXPECT_TRUE(refresh.recursive);
  EXPECT_EQ(parsed<RefreshArguments>({"refresh", "--mount", "/mnt", "/pt"}).mountpoint, "/mnt");
  const auto verify =
      parsed<VerifyArguments>({"verify", "/pt", "--deep", "--sample", "7", "--json", "-c", "x"});
  EXPECT_EQ(verify.group, "/pt");
  EXPECT_EQ(verify.config, "x");
  EXPECT_EQ(verify.sample, 7u);
  EXPECT_TRUE(verify.deep && verify.json);
  EXPECT_FALSE(parsed<VerifyArguments>({"verify", "pt"}).sample.has_value());
  EXPECT_FALSE(parsed<DemoArguments>({"demo"}).mountpoint.has_value());
  EXPECT_TRUE(parsed<DemoArguments>({"demo", "/mnt", "--no-wait"}).no_wait);
}

TEST(CommandLine, WrongLinesNameTheMistake) {
  EXPECT_NE(refused({}).find("subcommand"), std::string::npos);
  EXPECT_NE(refused({"mont"}).find("'mont': no such command; did you mean mount?"), std::string::npos);
  EXPECT_NE(refused({"mount", "/a", "/b"}).find("/b"), std::string::npos);
  EXPECT_NE(refused({"mount", "--colour"}).find("--colour"), std::string::npos);
  EXPECT_NE(refused({"mount", "-o"}).find("-o"), std::string::npos);
  EXPECT_NE(refused({"mount", "-o", "bogus"}).find("bogus"), std::string::npos);
  EXPECT_NE(refused({"unmount"}).find("MOUNTPOINT"), std::string::npos);
  EXPECT_NE(refused({"verify"}).find("GROUP"), std::string::npos);
  for (const char* count : {"0", "-1", "ten", "1x", "99999999999999999999"}) {
    EXPECT_NE(refused({"verify", "/pt", "--sample", count})
                  .find(std::string("--sample: '") + count + "' is no number of files; accepted: 1 or more"),
              std::string::npos)
        << refused({"verify", "/pt", "--sample", count});
  }
}

TEST(CommandLine, HelpAndVersionAreNoMistakes) {
  for (const char* flag : {"--help", "-h", "--version"}) {
    const auto end = parse_command_line({flag});
    ASSERT_FALSE(end.has_value());
    EXPECT_EQ(end.error().status, kExitOk);
    EXPECT_FALSE(end.error().text.empty());
  }
  EXPECT_EQ(parse_command_line({"--version"}).error().text, "balancefs " BALANCEFS_VERSION "\n");
  const std::string help = parse_command_line({"--help"}).error().text;
  for (const char* word : {"mount", "unmount", "check", "refresh", "verify", "demo", "Exit status"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
  EXPECT_NE(parse_command_line({"mount", "--help"}).error().text.find("--foreground"), std::string::npos);
}

TEST(MountFlags, TakeWhatAMountCanDo) {
  const auto flags =
      parse_mount_flags({"allow_other,uid=1000,gid=100,umask=027", "ro,default_permissions,noexec"});
  ASSERT_TRUE(flags.has_value()) << flags.error();
  EXPECT_TRUE(flags->allow_other);
  EXPECT_EQ(flags->uid, 1000u);
  EXPECT_EQ(flags->gid, 100u);
  EXPECT_EQ(flags->umask, 027u);
  EXPECT_EQ(flags->kernel_flags, std::vector<std::string>({"noexec"}));
}

TEST(MountFlags, WhatMountAndSystemdReadThemselvesMeansNothingHere) {
  const auto flags =
      parse_mount_flags({"rw,auto,noauto,user,nofail,_netdev,defaults,x-systemd.automount,x-gvfs-hide,"
                         "X-mount.mkdir,comment=film store,,relatime,suid,dev,exec"});
  ASSERT_TRUE(flags.has_value()) << flags.error();
  EXPECT_FALSE(flags->allow_other);
  EXPECT_TRUE(flags->kernel_flags.empty());
}

TEST(MountFlags, AnythingElseIsRefusedByName) {
  for (const char* bad : {"allow_root", "uid=alice", "uid=-1", "uid=", "uid", "umask=9", "umask=01000",
                          "gid=4294967295", "max_read=5", "allow_other=1"}) {
    const auto flags = parse_mount_flags({std::string("ro,") + bad});
    ASSERT_FALSE(flags.has_value()) << bad;
    EXPECT_NE(flags.error().find(std::string("-o ") + bad + ": not possible; accepted: "), std::string::npos)
        << flags.error();
  }
}

TEST(MountFlags, WinOverTheConfiguration) {
  MountOptions mount;
  mount.uid = 1;
  mount.gid = 2;
  apply_mount_flags(*parse_mount_flags({"uid=7,allow_other"}), mount);
  EXPECT_EQ(mount.uid, 7u);
  EXPECT_EQ(mount.gid, 2u);
  EXPECT_EQ(mount.umask, 022u);
  EXPECT_TRUE(mount.allow_other);
}

}  // namespace
}  // namespace balancefs::test
