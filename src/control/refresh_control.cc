#include "control/refresh_control.h"

#include "base/text.h"

namespace balancefs {
namespace {

/// The kernel takes a name in microseconds; it holds one back only while it waits for an answer of ours.
constexpr Duration kLongestTelling = std::chrono::seconds(2);

Result<Path> path_in(const Json& arguments) {
  const auto text = text_in(arguments, "path");
  if (!text) return std::unexpected(text.error());
  const auto bytes = percent_decode(*text);
  if (!bytes) return fail(ErrorKind::unsupported, "path: is not percent-encoded");
  return Path::parse(*bytes);
}

Task<Result<Json>> refresh(Filesystem& filesystem, Clock& clock, Json arguments) {
  const auto path = path_in(arguments);
  if (!path) co_return std::unexpected(path.error());
  const auto recursive = flag_in(arguments, "recursive");
  if (!recursive) co_return std::unexpected(recursive.error());
  const RefreshReport report = filesystem.refresh(*path, *recursive);
  co_await filesystem.kernel_told(clock, clock.now() + kLongestTelling);
  Json answer = Json::object();
  answer["folder"] = percent_encode(report.folder.str(), true);
  answer["groups"] = report.groups;
  answer["listings"] = report.listings;
  co_return answer;
}

}  // namespace

void add_refresh(ControlCommands& commands, Filesystem& filesystem, Clock& clock) {
  commands.add("refresh", [&filesystem, &clock](Json arguments) {
    return refresh(filesystem, clock, std::move(arguments));
  });
}

Result<RefreshAnswer> ask_refresh(ControlClient& client, const std::string& path, bool recursive) {
  ControlRequest request("refresh", Json::object());
  request.arguments["path"] = percent_encode(path, true);
  request.arguments["recursive"] = recursive;
  const auto answer = client.ask(request);
  if (!answer) return std::unexpected(answer.error());
  const auto folder = text_in(*answer, "folder");
  const auto groups = number_in(*answer, "groups");
  const auto listings = number_in(*answer, "listings");
  if (!folder || !groups || !listings)
    return fail(ErrorKind::unavailable, "the daemon's answer makes no sense");
  RefreshAnswer done;
  done.folder = percent_decode(*folder).value_or("");
  done.groups = *groups;
  done.listings = *listings;
  return done;
}

}  // namespace balancefs
