// What a command finds out about the terminal that it prints to.
#pragma once

namespace balancefs {

/// Whether standard output is a terminal and nobody asked for no colours (https://no-color.org: by any value
/// that is not empty).
bool wants_colours();

}  // namespace balancefs
