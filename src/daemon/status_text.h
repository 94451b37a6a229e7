// A mount's status for a person: what is wrong first seen. Pure.
#pragma once

#include <string>

#include "control/snapshot.h"

namespace balancefs {

struct StatusStyle {
  std::size_t width = 0;  ///< columns; longer lines are cut; 0: as long as they are
  bool colours = false;   ///< by ANSI sequences
  std::size_t most_files = 10;
  std::size_t most_changes = 5;

  StatusStyle() = default;
};

std::string status_text(const Snapshot& snapshot, const StatusStyle& style);

}  // namespace balancefs
