#include "config/secrets.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

TEST(Secrets, OneTrailingLineEndOfAFileIsNotPartOfThem) {
  const TempFolder folder;
  for (const char* content : {"geheim", "geheim\n", "geheim\r\n"}) {
    const auto secret = secret_from_file(folder.write("s", content));
    ASSERT_TRUE(secret.has_value());
    EXPECT_EQ(secret->reveal(), "geheim");
  }
  EXPECT_EQ(secret_from_file(folder.write("s", " ge heim "))->reveal(), " ge heim ");
}

TEST(Secrets, FilesThatCannotHoldOneAreRefusedWithoutTheirContent) {
  const TempFolder folder;
  EXPECT_EQ(secret_from_file(folder.path("none")).error(), "cannot be read: No such file or directory");
  EXPECT_EQ(secret_from_file(folder.path()).error(), "is a folder");
  EXPECT_EQ(secret_from_file(folder.write("s", "")).error(), "is empty");
  EXPECT_EQ(secret_from_file(folder.write("s", "\n")).error(), "is empty");
  const std::string lines = secret_from_file(folder.write("s", "geheim\ngeheim\n")).error();
  EXPECT_NE(lines.find("more than one line"), std::string::npos);
  EXPECT_EQ(lines.find("geheim"), std::string::npos);
  EXPECT_NE(secret_from_file("/dev/zero").error().find("too large"), std::string::npos);
}

TEST(Secrets, ComeFromTheEnvironment) {
  const ScopedVariable set("BALANCEFS_TEST_SECRET", "geheim");
  const ScopedVariable unset("BALANCEFS_TEST_NO_SECRET", nullptr);
  const ScopedVariable empty("BALANCEFS_TEST_EMPTY_SECRET", "");
  EXPECT_EQ(secret_from_environment("BALANCEFS_TEST_SECRET")->reveal(), "geheim");
  EXPECT_EQ(secret_from_environment("BALANCEFS_TEST_NO_SECRET").error(), "is not set in the environment");
  EXPECT_EQ(secret_from_environment("BALANCEFS_TEST_EMPTY_SECRET").error(), "is empty");
}

TEST(Secrets, ComeFromACommand) {
  EXPECT_EQ(secret_from_command("echo geheim")->reveal(), "geheim");
  EXPECT_EQ(secret_from_command("printf 'a%sb' '|'; true | cat")->reveal(), "a|b");
}

TEST(Secrets, CommandsThatFailAreNamedByTheirEnd) {
  EXPECT_EQ(secret_from_command("echo geheim; exit 3").error(), "failed with status 3");
  EXPECT_EQ(secret_from_command("true").error(), "wrote nothing");
  EXPECT_EQ(secret_from_command("sleep 600", 1s).error(), "did not end within 1 s");
  EXPECT_EQ(secret_from_command("yes").error(), "wrote more than 64 KiB");
}

TEST(Secrets, AWrittenOutPasswordMayBeEmpty) {
  EXPECT_TRUE(secret_from_text("")->empty());
  EXPECT_EQ(secret_from_text("geheim")->reveal(), "geheim");
}

}  // namespace
}  // namespace balancefs::test
