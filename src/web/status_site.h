// What is at which address of the listener: metrics at /metrics. Loop thread.
#pragma once

#include <functional>

#include "control/snapshot.h"
#include "web/access.h"
#include "web/web_request.h"

namespace balancefs {

/// What a site shows. It outlives the site.
struct SiteSources {
  std::function<Snapshot()> snapshot;

  SiteSources() = default;
};

class StatusSite {
 public:
  StatusSite(SiteSources sources, AccessRules rules)
      : sources_(std::move(sources)), rules_(std::move(rules)) {}

  WebAnswer answer(const WebRequest& request);

 private:
  WebAnswer show(const WebRequest& request);

  SiteSources sources_;
  AccessRules rules_;
};

}  // namespace balancefs
