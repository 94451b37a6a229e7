#include "web/status_site.h"

#include "web/metrics_text.h"

namespace balancefs {

WebAnswer StatusSite::answer(const WebRequest& request) {
  if (auto refused = refuse_visit(request, rules_)) return std::move(*refused);
  if (request.method == "GET") return show(request);
  WebAnswer wrong(405, "This takes GET.\n");
  wrong.headers.emplace_back("Allow", "GET, HEAD");
  return wrong;
}

WebAnswer StatusSite::show(const WebRequest& request) {
  if (request.path == "/metrics") {
    WebAnswer answer(200, metrics_text(sources_.snapshot()));
    answer.type = kMetricsType;
    return answer;
  }
  if (request.path == "/") return WebAnswer(200, "balancefs: metrics for Prometheus are at /metrics\n");
  return WebAnswer(404, "There is nothing here; metrics for Prometheus are at /metrics\n");
}

}  // namespace balancefs
