#include "web/status_site.h"

#include "control/status_json.h"
#include "web/metrics_text.h"
#include "web/page_files.h"

namespace balancefs {
namespace {

constexpr std::string_view kJson = "application/json";

std::string text_of(const Json& json) {
  // Names are bytes, and JSON is Unicode.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

WebAnswer not_allowed(std::string_view allowed) {
  WebAnswer wrong(405, "This takes " + std::string(allowed) + ".\n");
  wrong.headers.emplace_back("Allow", allowed);
  return wrong;
}

}  // namespace

StatusSite::StatusSite(Clock& clock, SiteSources sources, AccessRules rules)
    : sources_(std::move(sources)), rules_(std::move(rules)), events_(clock, [this] { return state(); }) {}

std::string StatusSite::state() const {
  return text_of(status_json(sources_.snapshot()));
}

WebAnswer StatusSite::answer(const WebRequest& request) {
  if (auto refused = refuse_visit(request, rules_)) return std::move(*refused);
  const bool drained = request.path == "/drain";
  if (drained || request.path == "/undrain") {
    if (request.method != "POST") return not_allowed("POST");
    if (auto refused = refuse_change(request, rules_)) return std::move(*refused);
    return drain(request, drained);
  }
  return request.method == "GET" ? show(request) : not_allowed("GET, HEAD");
}

WebAnswer StatusSite::show(const WebRequest& request) {
  if (request.path == "/events") return listen();
  WebAnswer answer;
  if (request.path == "/metrics") {
    answer.type = kMetricsType;
    answer.body = metrics_text(sources_.snapshot());
    return answer;
  }
  for (const PageFile& file : page_files()) {
    if (file.path != request.path) continue;
    answer.type = file.type;
    answer.body = file.text;
    return answer;
  }
  return WebAnswer(404, "There is nothing here. The page is at /, metrics for Prometheus are at /metrics.\n");
}

/// The token comes with the stream, which no page of another origin can read: a page that outlives the daemon
/// has the new one as soon as it is connected again.
WebAnswer StatusSite::listen() {
  Json greeting = Json::object();
  greeting["token"] = rules_.token;
  WebAnswer answer;
  answer.type = "text/event-stream";
  answer.stream = events_.join(text_of(greeting));
  if (answer.stream) return answer;
  return WebAnswer(503, "Too many pages are open.\n");
}

WebAnswer StatusSite::drain(const WebRequest& request, bool drained) {
  const Json arguments = Json::parse(request.body, nullptr, false);
  if (!arguments.is_object()) return WebAnswer(400, "That is no JSON object.\n");
  const auto storage = text_in(arguments, "storage");
  if (!storage) return WebAnswer(400, storage.error().text);
  const auto done = sources_.drain(*storage, drained);
  if (!done) return WebAnswer(404, done.error().text);
  WebAnswer answer(200, text_of(drain_json(*done)));
  answer.type = kJson;
  return answer;
}

}  // namespace balancefs
