// Judges the answer to a range request: docs/SEMANTICS.md "Never a wrong byte". Pure functions.
#pragma once

#include "balancefs/http.h"

namespace balancefs {

/// What to do with an accepted body: drop `skip` bytes, deliver `take`, and no more may come unless `surplus`
/// (a 200 goes on to the end of the file: stop there).
struct RangeAnswer {
  std::uint64_t skip = 0;
  std::uint64_t take = 0;
  bool surplus = false;

  RangeAnswer() = default;
};

/// For a 206 or 200 to a request for `wanted` (not empty, inside the object) of an object of `size` bytes.
/// `sequential`: a 200 may be read from the start to reach the range. Errors: `corrupted`, `changed`, or
/// `unsupported` with Detail::no_range. Validators are for the caller.
Result<RangeAnswer> judge_range_answer(const ResponseHead& head, ByteRange wanted, std::uint64_t size,
                                       bool sequential);

/// What any other status means; redirects are for the caller.
Error range_refusal(const ResponseHead& head, std::string_view body, std::uint64_t size);

}  // namespace balancefs
