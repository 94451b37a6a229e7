#include "daemon/app.h"

#include <random>

#include "balance/naming.h"
#include "base/log.h"
#include "control/log_level_control.h"
#include "control/refresh_control.h"
#include "control/status_control.h"
#include "io/disk_core.h"
#include "names/nfc_storage.h"
#include "storage/registry.h"

namespace balancefs {

/// Tells the file system which of a group's names changed.
class App::GroupListener final : public ListingListener {
 public:
  GroupListener(Path mount, std::unique_ptr<Filesystem>& filesystem)
      : mount_(std::move(mount)), filesystem_(filesystem) {}
  void entries_changed(const Path& directory, std::vector<std::string_view> names) override {
    if (filesystem_ != nullptr) filesystem_->entries_changed(mount_, directory, std::move(names));
  }

 private:
  Path mount_;
  std::unique_ptr<Filesystem>& filesystem_;
};

App::App(asio::io_context& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      clock_(loop),
      transport_(loop, clock_),
      accounts_(clock_),
      started_(wall(clock_.now())),
      scope_(loop.get_executor()) {}

App::~App() = default;

Result<void> App::build_groups() {
  const NamingPlan plan = plan_groups(options_);
  if (!plan.problems.empty()) return fail(ErrorKind::unsupported, plan.problems.front().text);
  StorageContext context(loop_.get_executor(), clock_, transport_);
  std::random_device seed;
  for (const NamingPlan::PlannedGroup& planned : plan.groups) {
    const auto configured = options_.groups.find(planned.visible_path);
    const GroupOptions group = configured == options_.groups.end() ? GroupOptions() : configured->second;
    std::vector<GroupMember> members;
    for (const std::size_t index : planned.members) {
      const StorageOptions& storage = options_.storages.at(index);
      auto made = make_storage(storage, context);
      if (!made) return std::unexpected<Error>(made.error());
      members.emplace_back(with_names(std::move(*made), group.names, clock_), storage, accounts_.of(storage));
    }
    GroupContext surroundings(loop_.get_executor(), clock_);
    surroundings.group = group;
    surroundings.read = options_.read;
    surroundings.random_seed = seed();
    surroundings.journal = &journal_;
    groups_.push_back(std::make_unique<Group>(planned.visible_path, std::move(members), surroundings));
  }
  return {};
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

std::vector<MemberKey> App::member_keys(const Group& group) const {
  std::vector<MemberKey> keys;
  for (const std::string& member : group.traits().members) {
    for (const StorageOptions& storage : options_.storages) {
      if (storage.path != member) continue;
      keys.push_back(member_key(storage.path, storage.type, storage.url + storage.root, storage.http.user));
    }
  }
  return keys;
}

Result<void> App::build(const std::string& mountpoint) {
  if (const auto built = build_groups(); !built) return built;
  if (!options_.cache.dir.empty()) keep_metadata(mountpoint);
  std::vector<MountPoint> mounts;
  for (const auto& group : groups_) {
    const Path path = *Path::parse(group->traits().name);
    const std::size_t members = group->traits().members.size();
    const auto configured = options_.groups.find(group->traits().name);
    const GroupOptions rules = configured == options_.groups.end() ? GroupOptions() : configured->second;
    listeners_.push_back(std::make_unique<GroupListener>(path, filesystem_));
    listings_.push_back(std::make_unique<ListingCache>(
        *group, members, rules, options_.metadata, loop_.get_executor(), clock_, listeners_.back().get()));
    if (metadata_ != nullptr)
      listings_.back()->keep_in(metadata_->group(group->traits().name, member_keys(*group)));
    mounts.emplace_back(path, *group, *listings_.back());
  }
  const std::uint64_t budget = options_.cache.memory != 0 ? options_.cache.memory : automatic_memory_budget();
  reads_ = std::make_unique<ReadEngine>(budget, options_.read, loop_.get_executor(), clock_);
  if (options_.cache.mode == CacheOptions::Mode::disk && !options_.cache.dir.empty())
    keep_on_disk(mountpoint);
  const auto started =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  filesystem_ =
      std::make_unique<Filesystem>(Tree(std::move(mounts)), *reads_, AttributeMaker(options_.mount, started));
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
  add_log_level(commands);
  control_ =
      std::make_unique<ControlServer>(loop_.get_executor(), clock_, std::move(*socket), std::move(commands));
}

Result<DrainReport> App::drain(const std::string& storage, bool drained) {
  std::string known;
  for (const auto& group : groups_) {
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
  for (auto& listing : listings_) co_await listing->close();
  if (metadata_ != nullptr) co_await metadata_->close();
  for (auto& group : groups_) co_await group->close();
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
