// Corpora, and mutations of them from a fixed seed, in the ordinary test run: what a fuzzer once found stays
// found.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "balancefs/options.h"
#include "base/log.h"
#include "fuzz/targets.h"

namespace balancefs::test {
namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);
constexpr int kMutationsPerSeed = 300;

/// BALANCEFS_FUZZ_MUTATIONS: more of them, where there is no libFuzzer.
int mutations_per_seed() {
  const char* wanted = std::getenv("BALANCEFS_FUZZ_MUTATIONS");
  return wanted == nullptr ? kMutationsPerSeed : std::atoi(wanted);
}

std::vector<std::string> corpus(const std::string& name) {
  std::vector<std::string> out;
  std::vector<std::filesystem::path> files;
  for (const auto& file :
       std::filesystem::directory_iterator(BALANCEFS_SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
    files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  return out;
}

// Cuts, repeats, swaps and flips: enough to reach every state that a broken or hostile server reaches.
std::string mutated(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  for (std::size_t i = below(6) + 1; i > 0 && !text.empty(); --i) {
    const std::size_t at = below(text.size());
    const std::size_t count = std::min(text.size() - at, below(40) + 1);
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, count);
        break;
      case 2:
        text.insert(below(text.size()), text.substr(at, count));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text[at] = "<>&%/.\"\0"[below(8)];
        break;
    }
  }
  return text;
}

void replay(const std::string& name, Target target) {
  LogOptions quiet;
  quiet.level = LogOptions::Level::error;
  quiet.target = "stderr";
  start_logging(quiet, true);
  const auto seeds = corpus(name);
  ASSERT_FALSE(seeds.empty());
  std::mt19937 random(20240203);
  const int mutations = mutations_per_seed();
  for (const auto& seed : seeds) {
    const auto run = [target](const std::string& text) {
      target(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    run(seed);
    for (int i = 0; i < mutations; ++i) run(mutated(seed, random));
  }
}

TEST(FuzzReplay, MultistatusSurvivesItsCorpus) {
  replay("multistatus", &fuzz_multistatus);
}
TEST(FuzzReplay, HtmlIndexSurvivesItsCorpus) {
  replay("html_index", &fuzz_html_index);
}
TEST(FuzzReplay, JsonIndexSurvivesItsCorpus) {
  replay("json_index", &fuzz_json_index);
}

}  // namespace
}  // namespace balancefs::test
