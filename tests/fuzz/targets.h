// What is fuzzed: each takes hostile bytes through one parser. They return 0, or crash under a sanitizer.
//
// With clang each becomes a libFuzzer program (libfuzzer/entry.cc); everywhere replay_test.cc runs the
// corpora and deterministic mutations of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace balancefs::test {

int fuzz_multistatus(const std::uint8_t* data, std::size_t size);
int fuzz_html_index(const std::uint8_t* data, std::size_t size);
int fuzz_json_index(const std::uint8_t* data, std::size_t size);

}  // namespace balancefs::test
