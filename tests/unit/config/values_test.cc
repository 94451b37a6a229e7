#include "config/values.h"

#include <gtest/gtest.h>

#include "config/url_check.h"
#include "config/user_paths.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

TEST(ParseSize, KnowsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("256MiB"), 256u << 20);
  EXPECT_EQ(parse_size("1 GiB"), 1u << 30);
  EXPECT_EQ(parse_size("10kB"), 10'000u);
  EXPECT_EQ(parse_size("3mb"), 3'000'000u);
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("0B"), 0u);
}

TEST(ParseSize, RefusesWhatHasNoUnitOrDoesNotFit) {
  for (const char* bad :
       {"", "256", "MiB", "-1MiB", "1.5GiB", "1MiBs", "99999999TiB", "18446744073709551616B", "1 2B"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(ParseDuration, KnowsEveryUnitAndTheirSums) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("60s"), 60s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(ParseDuration, RefusesWhatHasNoUnitOrIsBeyondAnyLife) {
  for (const char* bad :
       {"", "60", "s", "-5s", "1.5s", "60 parsecs", "unlimited", "99999999999999999999s", "40000d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(FormatDuration, PicksTheLargestExactUnit) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(10min), "10m");
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(0s), "0ms");
}

TEST(ParseOctal, TakesThreeOrFourDigits) {
  EXPECT_EQ(parse_octal("022"), 022u);
  EXPECT_EQ(parse_octal("0644"), 0644u);
  for (const char* bad : {"", "22", "088", "0o22", "00022", "u=rw", "-22"})
    EXPECT_FALSE(parse_octal(bad)) << bad;
}

TEST(NearestSpelling, FindsSlipsAndLeavesStrangersAlone) {
  const std::vector<std::string_view> keys = {"password_file", "url", "user", "weight"};
  EXPECT_EQ(nearest_spelling("pasword_file", keys), "password_file");
  EXPECT_EQ(nearest_spelling("ulr", keys), "url");
  EXPECT_EQ(nearest_spelling("Weigth", keys), "weight");
  EXPECT_EQ(nearest_spelling("bandwidth", keys), "");
}

TEST(QuoteValue, EscapesAndCuts) {
  EXPECT_EQ(quote("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(quote(std::string(100, 'x')), "'" + std::string(80, 'x') + "...'");
}

TEST(UserPath, IsAbsoluteFromHomeOrTheFilesFolder) {
  const ScopedVariable home("HOME", "/home/alice");
  EXPECT_EQ(resolve_user_path("~/x/../y", "/etc"), "/home/alice/y");
  EXPECT_EQ(resolve_user_path("~", "/etc"), "/home/alice");
  EXPECT_EQ(resolve_user_path("ca.pem", "/etc/balancefs"), "/etc/balancefs/ca.pem");
  EXPECT_EQ(resolve_user_path("/srv//media/", "/etc"), "/srv/media");
  EXPECT_EQ(resolve_user_path("/", "/etc"), "/");
  EXPECT_FALSE(resolve_user_path("~bob/x", "/etc").has_value());
  EXPECT_FALSE(resolve_user_path("", "/etc").has_value());
}

TEST(CheckUrl, BringsLegalUrlsIntoOneForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"https://dav.example.com/media", "https://dav.example.com/media"},
      {"HTTPS://Dav.Example.com/Media//", "https://dav.example.com/Media"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
      {"http://[::1]:8080/", "http://[::1]:8080"},
      {"https://h/My Films/\xc3\xa4", "https://h/My%20Films/%C3%A4"},
      {"https://h/a%20b%2Bc+d", "https://h/a%20b%2Bc+d"},
      {"https://h/user@home", "https://h/user@home"},
  };
  for (const auto& [given, wanted] : cases) {
    const auto url = check_url(given);
    ASSERT_TRUE(url.has_value()) << given << ": " << url.error();
    EXPECT_EQ(*url, wanted);
  }
}

TEST(CheckUrl, SaysWhatToWriteInstead) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"example.com/dav", "no scheme; write https://"},
      {"/srv/media", "no scheme"},
      {"davs://h/x", "write https://"},
      {"ftp://h/x", "unknown scheme"},
      {"https://", "names no host"},
      {"https:///x", "names no host"},
      {"https://h:0/x", "1 to 65535"},
      {"https://h:http/x", "1 to 65535"},
      {"https://h:/x", "1 to 65535"},
      {"https://[::1/x", "IPv6"},
      {"https://ho st/x", "host"},
      {"https://m\xc3\xbcller.example/x", "xn--"},
      {"https://h/x?a=b", "%3F"},
      {"https://h/x#y", "%23"},
      {"https://h/100%", "%25"},
      {"https://h/a/../b", "'..'"},
      {"https://h/a/%2e%2e/b", "'..'"},
      {"https://h/a%00b", "control"},
  };
  for (const auto& [given, wanted] : cases) {
    const auto url = check_url(given);
    ASSERT_FALSE(url.has_value()) << given;
    EXPECT_NE(url.error().find(wanted), std::string::npos) << given << ": " << url.error();
  }
}

TEST(CheckUrl, NeverRepeatsAPasswordOrAToken) {
  for (const char* given :
       {"https://alice:geheim@host/x", "https://alice:ge#heim@host/x", "alice:geheim@host/x",
        "https://host/x?t=geheim", "https://host/x?t=a@geheim", "https://host/x#geheim",
        "dav://alice:geheim@host", "https://u:geheim@h:99999/", "alice:geheim?@host"}) {
    const auto url = check_url(given);
    ASSERT_FALSE(url.has_value()) << given;
    EXPECT_EQ(url.error().find("heim"), std::string::npos) << url.error();
    const auto proxy = check_proxy(given);
    if (proxy) continue;
    EXPECT_EQ(proxy.error().find("heim"), std::string::npos) << proxy.error();
  }
  EXPECT_NE(check_url("https://alice:geheim@host/x").error().find("password_file"), std::string::npos);
}

TEST(CheckProxy, TakesTheSchemesOfTheTransport) {
  EXPECT_EQ(check_proxy("none"), "none");
  EXPECT_EQ(check_proxy("HTTP://proxy:3128/"), "http://proxy:3128");
  EXPECT_EQ(check_proxy("socks5h://u:p@[::1]:1080"), "socks5h://u:p@[::1]:1080");
  for (const char* bad : {"proxy:3128", "ftp://proxy", "http://proxy/path", "http://proxy:x"}) {
    EXPECT_FALSE(check_proxy(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace balancefs::test
