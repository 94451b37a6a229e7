// Real answers of real servers, kept as the fuzz corpora. All show one folder: "a b#c%d+e&f"g.txt" of 3
// bytes, "it's:colon.txt" of 5, "big.bin" of 1300000, "bad\xff.txt" of 1, the folders "sp ace" and "sub"; all
// of 2024-02-03 04:05:06 UTC.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "base/calendar.h"

namespace balancefs::test {

inline std::string recorded(const std::string& file) {
  std::ifstream in(BALANCEFS_SOURCE_DIR "/tests/fuzz/corpus/" + file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::optional<FileTime> recorded_time() {
  return make_file_time(2024, 2, 3, 4, 5, 6);
}

constexpr const char* kOddName = "a b#c%d+e&f\"g.txt";

}  // namespace balancefs::test
