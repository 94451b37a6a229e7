// Where metrics and the status page may be, and what that asks for.
#include <gtest/gtest.h>

#include "config/config_file.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

ConfigResult load(const std::string& lines) {
  const TempFolder folder;
  return load_config(folder.write("mount.conf", "[control]\n" + lines +
                                                    "[[storage]]\npath = \"/pt\"\ntype = \"local\"\n"
                                                    "root = \"/srv\"\n"));
}
std::string problem(const std::string& lines) {
  const ConfigResult result = load(lines);
  return result ? "" : result.error().front().text;
}

TEST(ControlSection, NobodyListensUnlessAskedTo) {
  EXPECT_TRUE(load("")->control.address.empty());
}

TEST(ControlSection, ThisMachineNeedsNoPassword) {
  const ConfigResult four = load("listen = \"127.0.0.1:9780\"\n");
  ASSERT_TRUE(four.has_value());
  EXPECT_EQ(four->control.address, "127.0.0.1");
  EXPECT_EQ(four->control.port, 9780);
  const ConfigResult six = load("listen = \"[::1]:0\"\n");
  ASSERT_TRUE(six.has_value());
  EXPECT_EQ(six->control.address, "::1");
  EXPECT_EQ(six->control.port, 0);
}

// SEMANTICS: "Whoever listens for other machines has a password, or balancefs does not start."
TEST(ControlSection, AnythingElseDoes) {
  for (const char* const where : {"0.0.0.0:9780", "192.168.1.2:80", "[::]:9780", "[fe80::1]:1"}) {
    const std::string line = "listen = \"" + std::string(where) + "\"\n";
    EXPECT_EQ(problem(line), "control.listen: '" + std::string(where) +
                                 "' lets other machines in and needs a password; add password_file, "
                                 "password_env, password_command or password, or listen on 127.0.0.1");
    const ConfigResult with = load(line + "password = \"geheim\"\n");
    ASSERT_TRUE(with.has_value()) << with.error().front().text;
    EXPECT_EQ(with->control.password.reveal(), "geheim");
  }
}

TEST(ControlSection, WhatIsNoAddressIsRefusedWithWhatIs) {
  for (const char* const wrong : {"9780", ":9780", "127.0.0.1", "localhost:9780", "127.0.0.1:65536",
                                  "127.0.0.1:", "127.0.0.1:x", "::1:9780", "[127.0.0.1]:9780", "[::1:9780"}) {
    EXPECT_NE(problem("listen = \"" + std::string(wrong) + "\"\n")
                  .find("accepted: an address and a port such as \"127.0.0.1:9780\" or \"[::1]:9780\""),
              std::string::npos)
        << wrong;
  }
}

TEST(ControlSection, APasswordIsForSomethingAndIsOne) {
  EXPECT_NE(problem("password = \"x\"\n").find("control.listen: is missing"), std::string::npos);
  EXPECT_NE(problem("listen = \"0.0.0.0:1\"\npassword = \"\"\n").find("control.password: is empty"),
            std::string::npos);
  EXPECT_NE(problem("listen = \"0.0.0.0:1\"\npassword_file = \"nothing\"\n").find("cannot be read"),
            std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
