// What is at which address of the listener: the page with its events and buttons, and metrics. Loop thread.
#pragma once

#include <functional>

#include "control/drain_control.h"
#include "control/snapshot.h"
#include "web/access.h"
#include "web/events.h"
#include "web/web_request.h"

namespace balancefs {

/// What a site shows and changes. It outlives the site.
struct SiteSources {
  std::function<Snapshot()> snapshot;
  Drain drain;

  SiteSources() = default;
};

class StatusSite {
 public:
  /// The listener, and with it all streams, goes before the site.
  StatusSite(Clock& clock, SiteSources sources, AccessRules rules);

  WebAnswer answer(const WebRequest& request);
  /// A member's state changed: whoever looks at the page sees it now. Does nothing at once.
  void changed() { events_.changed(); }

 private:
  WebAnswer show(const WebRequest& request);
  WebAnswer listen();
  WebAnswer drain(const WebRequest& request, bool drained);
  std::string state() const;

  SiteSources sources_;
  AccessRules rules_;
  Events events_;
};

}  // namespace balancefs
