// Builds everything, left to right, and takes it down again, right to left. No globals: what lives is a
// member of App, in the order of docs/ARCHITECTURE.md. Loop thread.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "balance/accounts.h"
#include "balance/journal.h"
#include "balancefs/http.h"
#include "balancefs/options.h"
#include "base/loop_clock.h"
#include "base/loop_turns.h"
#include "base/worker_thread.h"
#include "control/control_server.h"
#include "control/drain_control.h"
#include "control/reload_control.h"
#include "control/snapshot.h"
#include "daemon/load_options.h"
#include "daemon/mounted_groups.h"
#include "fs/filesystem.h"
#include "fuse/fuse_session.h"
#include "http/curl_transport.h"
#include "io/read_engine.h"
#include "meta/metadata_store.h"
#include "web/http_listener.h"
#include "web/status_site.h"

namespace balancefs {

class App {
 public:
  /// `options` must come from a load without problems. Nothing is done yet; no network, no mount.
  App(asio::io_context& loop, Options options);
  /// After `on_stopped` or before `mount` only.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// How the configuration is read again: as it was for the constructor, with what the command line said on
  /// top. Called on a thread of its own. Without it reload() is refused.
  using LoadAgain = std::function<std::expected<LoadedOptions, std::vector<std::string>>()>;
  void set_load_again(LoadAgain load) { load_again_ = std::move(load); }
  /// Takes the address of `control.listen`, if there is one. Before mount(); the error is one line for the
  /// user.
  Result<void> listen();
  /// Mounts. `on_ready` is called from the loop once the mount answers; `on_stopped` after everything is
  /// down, whoever began it (stop() or an unmount from outside). The error is one line for the user.
  Result<void> mount(const std::string& mountpoint, std::function<void()> on_ready,
                     std::function<void()> on_stopped);
  /// Begins a clean end; returns at once. Reads under way are answered with an error. Idempotent.
  void stop();
  /// `on_stopping` is called when an end begins, whoever began it.
  void set_on_stopping(std::function<void()> on_stopping) { on_stopping_ = std::move(on_stopping); }
  /// Every listing is asked for anew with its next use, and believed.
  void refresh_everything();
  /// Reads the configuration again and applies it; see docs/SEMANTICS.md, "Reload". On an error, which has
  /// one line for each mistake, nothing has changed. One at a time; a later one waits.
  Task<Result<ReloadReport>> reload();
  /// The same for somebody who does not wait; the outcome is logged, then `done` is called.
  void begin_reload(std::function<void()> done);
  /// See Group::set_drained; `storage` is a mount path.
  Result<DrainReport> drain(const std::string& storage, bool drained);
  Snapshot snapshot() const;
  /// Runs the loop until everything is down.
  void run() { turns_.run(loop_); }
  /// Whether what is mounted at the mountpoint is ours, as far as we know.
  bool holds_mountpoint() const { return session_ != nullptr && session_->holds_mountpoint(); }

  const Filesystem& filesystem() const { return *filesystem_; }
  ReadEngine& reads() { return *reads_; }
  const Options& options() const { return options_; }

 private:
  Result<void> build(const std::string& mountpoint);
  MountedGroups::Surroundings surroundings();
  void keep_on_disk(const std::string& mountpoint);
  void open_control();
  Result<void> open_web();
  void keep_metadata(const std::string& mountpoint);
  Task<void> shut_down();
  void finished();

  // ---- app_reload.cc ----
  Task<Result<ReloadReport>> reload_now();
  void apply(std::vector<MountedGroups::Pointer> groups, Options wanted);
  Task<void> reload_and_tell(std::function<void()> done);

  // ---- app_snapshot.cc ----
  GroupSnapshot snapshot_of(const MountedGroup& group) const;
  MemberSnapshot snapshot_of(const MemberStatus& status, const StorageOptions& storage) const;
  TransitionSnapshot snapshot_of(const Transition& transition) const;
  std::vector<HandleSnapshot> open_handles() const;
  double wall(TimePoint at) const;

  asio::io_context& loop_;
  LoopTurns turns_;
  Options options_;
  LoopClock clock_;
  CurlTransport transport_;
  Accounts accounts_;
  Journal journal_;
  std::string mountpoint_;
  double started_;  ///< seconds since 1970; always the same number, whatever is done to the clock
  std::unique_ptr<MetadataStore> metadata_;
  MountedGroups groups_;
  std::unique_ptr<ReadEngine> reads_;
  std::unique_ptr<Filesystem> filesystem_;
  std::unique_ptr<FuseSession> session_;
  std::unique_ptr<ControlServer> control_;     ///< null: commands cannot reach this mount
  std::optional<ListenSocket> listen_socket_;  ///< until open_web()
  std::string page_;                           ///< URL of what listens; empty: nothing
  std::unique_ptr<StatusSite> site_;           ///< null: nothing listens
  std::unique_ptr<HttpListener> web_;
  LoadAgain load_again_;
  bool reloading_ = false;
  WaitList reloaded_;
  std::function<void()> on_stopping_;
  std::function<void()> on_stopped_;
  TaskScope scope_;
  std::optional<WorkerThread> loader_;  ///< from the first reload on
  bool stopping_ = false;
};

}  // namespace balancefs
