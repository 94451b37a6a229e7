#include "daemon/app.h"

#include "base/log.h"
#include "control/log_control.h"
#include "control/refresh_control.h"
#include "control/status_control.h"
#include "io/disk_core.h"

namespace balancefs {

App::App(asio::io_context& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      clock_(loop),
      transport_(loop, clock_),
      accounts_(clock_),
      started_(wall(clock_.now())),
      groups_(surroundings()),
      scope_(loop.get_executor()) {}

App::~App() = default;

MountedGroups::Surroundings App::surroundings() {
  const auto changed = [this](const Path& mount, const Path& directory, std::vector<std::string_view> names) {
    if (filesystem_ != nullptr) filesystem_->entries_changed(mount, directory, std::move(names));
  };
  return {loop_.get_executor(), clock_, transport_, accounts_, journal_, changed};
}

/// Each mountpoint has a folder of its own: two daemons never share one.
void App::keep_on_disk(const std::string& mountpoint) {
  DiskOptions disk;
  disk.folder = cache_folder_of(options_.cache.dir, mountpoint);
  disk.size = options_.cache.size;
  reads_->keep_on_disk(std::move(disk));
}

/// In memory mode too: a tree that is there at once, also offline, is small beside the data of its files.
void App::keep_metadata(const std::string& mountpoint) {
  MetadataStoreOptions kept;
  kept.folder = metadata_folder_of(options_.cache.dir, mountpoint);
  const auto wall = [] {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  };
  metadata_ = std::make_unique<MetadataStore>(std::move(kept), loop_.get_executor(), clock_, wall);
  metadata_->start();
}

Result<void> App::build(const std::string& mountpoint) {
  if (!options_.cache.dir.empty()) keep_metadata(mountpoint);
  auto groups = groups_.build(plan_reload(Options(), options_), options_);
  if (!groups) return std::unexpected<Error>(groups.error());
  groups_.adopt(std::move(*groups), metadata_.get());
  const std::uint64_t budget = options_.cache.memory != 0 ? options_.cache.memory : automatic_memory_budget();
  reads_ = std::make_unique<ReadEngine>(budget, options_.read, loop_.get_executor(), clock_);
  if (options_.cache.mode == CacheOptions::Mode::disk && !options_.cache.dir.empty())
    keep_on_disk(mountpoint);
  const auto started =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  filesystem_ =
      std::make_unique<Filesystem>(Tree(groups_.mounts()), *reads_, AttributeMaker(options_.mount, started));
  return {};
}

Result<void> App::listen() {
  if (options_.control.address.empty()) return {};
  auto socket = ListenSocket::open(options_.control.address, options_.control.port);
  if (!socket) return fail(ErrorKind::unavailable, "control.listen: " + socket.error().text);
  page_ = socket->url();
  listen_socket_.emplace(std::move(*socket));
  return {};
}

Result<void> App::open_web() {
  if (!listen_socket_) return {};
  SiteSources sources;
  sources.snapshot = [this] { return snapshot(); };
  sources.drain = [this](const std::string& storage, bool drained) { return drain(storage, drained); };
  AccessRules rules;
  rules.password = options_.control.password;
  rules.token = random_token();
  site_ = std::make_unique<StatusSite>(clock_, std::move(sources), std::move(rules));
  journal_.set_on_add([this] { site_->changed(); });
  web_ = std::make_unique<HttpListener>(loop_,
                                        [this](const WebRequest& request) { return site_->answer(request); });
  const auto started = web_->start(std::move(*listen_socket_));
  listen_socket_.reset();
  if (!started) return fail(ErrorKind::unavailable, "control.listen: " + started.error().text);
  log_info("the status page is at {}, metrics are at {}metrics", page_, page_);
  return {};
}

Result<void> App::mount(const std::string& mountpoint, std::function<void()> on_ready,
                        std::function<void()> on_stopped) {
  mountpoint_ = mountpoint;
  if (const auto built = build(mountpoint); !built) return built;
  on_stopped_ = std::move(on_stopped);
  if (const auto opened = open_web(); !opened) return opened;
  session_ =
      std::make_unique<FuseSession>(loop_, clock_, *filesystem_, std::move(on_ready), [this] { stop(); });
  if (auto mounted = session_->mount(options_.mount, mountpoint); !mounted) return mounted;
  open_control();
  return {};
}

void App::open_control() {
  auto socket = ControlSocket::listen_for(session_->device());
  if (!socket) {
    log_warning("no control socket: {}; 'balancefs status', 'refresh' and the like will not reach this mount",
                socket.error().text);
    return;
  }
  ControlCommands commands;
  add_refresh(commands, *filesystem_, clock_);
  add_status(commands, [this] { return snapshot(); });
  add_drain(commands, [this](const std::string& storage, bool drained) { return drain(storage, drained); });
  add_reload(commands, [this] { return reload(); });
  add_log(commands);
  control_ =
      std::make_unique<ControlServer>(loop_.get_executor(), clock_, std::move(*socket), std::move(commands));
}

Result<DrainReport> App::drain(const std::string& storage, bool drained) {
  std::string known;
  for (const auto& mounted : groups_.all()) {
    Group* const group = &mounted->group();
    const std::optional<bool> changed = group->set_drained(storage, drained);
    if (changed) {
      DrainReport report;
      report.group = group->traits().name;
      report.changed = *changed;
      for (const MemberStatus& member : group->status()) {
        if (!member.drained) ++report.left;
        if (!member.drained && member.state == HealthState::closed) ++report.usable;
      }
      return report;
    }
    for (const std::string& member : group->traits().members) known += (known.empty() ? "" : ", ") + member;
  }
  return fail(ErrorKind::unsupported,
              fmt::format("{}: no storage is mounted there; there are: {}", storage, known));
}

void App::refresh_everything() {
  if (filesystem_ == nullptr || stopping_) return;
  const RefreshReport done = filesystem_->refresh(Path(), true);
  log_info("refreshed everything: it is asked for anew when next used (known listings: {}, groups: {})",
           done.listings, done.groups);
}

void App::stop() {
  if (stopping_) return;
  stopping_ = true;
  if (on_stopping_) on_stopping_();
  scope_.spawn(shut_down());
}

Task<void> App::shut_down() {
  if (web_ != nullptr) web_->stop();
  if (control_ != nullptr) co_await control_->close();
  if (session_ != nullptr) co_await session_->close();
  if (reads_ != nullptr) co_await reads_->close();
  co_await groups_.close_listings();
  if (metadata_ != nullptr) co_await metadata_->close();
  co_await groups_.close_members();
  co_await transport_.close();
  finished();
}

void App::finished() {
  control_.reset();
  session_.reset();
  log_info("stopped");
  // Posted: the flow that calls this is still on the stack of the scope that owns it.
  if (on_stopped_) asio::post(loop_, on_stopped_);
}

}  // namespace balancefs
