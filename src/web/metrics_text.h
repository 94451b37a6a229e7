// A Snapshot as Prometheus reads it: the text format 0.0.4. Pure.
#pragma once

#include <string>

#include "control/snapshot.h"

namespace balancefs {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const Snapshot& snapshot);

}  // namespace balancefs
