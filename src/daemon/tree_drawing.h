// The tree of visible paths with its groups and members, as `check` prints it. Pure.
#pragma once

#include <string>
#include <vector>

#include "balance/naming.h"
#include "balancefs/options.h"

namespace balancefs {

/// What trying one storage gave.
struct MemberReport {
  enum class State { untried, answers, failed };
  State state = State::untried;
  std::string text;  ///< "nginx/1.22.1; 12 names in its root", or why not

  MemberReport() = default;
  MemberReport(State how, std::string words) : state(how), text(std::move(words)) {}
};

/// `reports` by the storage's index in `options`; missing ones are untried. `colours`: with terminal colours.
/// Lines end with a line end; control characters of names and reports are escaped.
std::string draw_tree(const Options& options, const NamingPlan& plan,
                      const std::vector<MemberReport>& reports, bool colours);

}  // namespace balancefs
