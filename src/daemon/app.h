// Builds everything, left to right, and takes it down again, right to left. No globals: what lives is a
// member of App, in the order of docs/ARCHITECTURE.md. Loop thread.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "balance/accounts.h"
#include "balance/group.h"
#include "balance/journal.h"
#include "balancefs/http.h"
#include "balancefs/options.h"
#include "base/loop_clock.h"
#include "base/loop_turns.h"
#include "control/control_server.h"
#include "control/drain_control.h"
#include "control/snapshot.h"
#include "fs/filesystem.h"
#include "fuse/fuse_session.h"
#include "http/curl_transport.h"
#include "io/read_engine.h"
#include "meta/listing_cache.h"
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
  /// See Group::set_drained; `storage` is a mount path.
  Result<DrainReport> drain(const std::string& storage, bool drained);
  Snapshot snapshot() const;
  /// Runs the loop until everything is down.
  void run() { turns_.run(loop_); }
  /// Whether what is mounted at the mountpoint is ours, as far as we know.
  bool holds_mountpoint() const { return session_ != nullptr && session_->holds_mountpoint(); }

  const std::vector<std::unique_ptr<Group>>& groups() const { return groups_; }
  const Filesystem& filesystem() const { return *filesystem_; }
  ReadEngine& reads() { return *reads_; }
  const Options& options() const { return options_; }

 private:
  class GroupListener;

  Result<void> build(const std::string& mountpoint);
  Result<void> build_groups();
  void keep_on_disk(const std::string& mountpoint);
  void open_control();
  Result<void> open_web();
  void keep_metadata(const std::string& mountpoint);
  std::vector<MemberKey> member_keys(const Group& group) const;
  Task<void> shut_down();
  void finished();

  // ---- app_snapshot.cc ----
  GroupSnapshot snapshot_of(std::size_t group) const;
  MemberSnapshot snapshot_of(const MemberStatus& status) const;
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
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<GroupListener>> listeners_;
  std::unique_ptr<MetadataStore> metadata_;
  std::vector<std::unique_ptr<ListingCache>> listings_;
  std::unique_ptr<ReadEngine> reads_;
  std::unique_ptr<Filesystem> filesystem_;
  std::unique_ptr<FuseSession> session_;
  std::unique_ptr<ControlServer> control_;     ///< null: commands cannot reach this mount
  std::optional<ListenSocket> listen_socket_;  ///< until open_web()
  std::string page_;                           ///< URL of what listens; empty: nothing
  std::unique_ptr<StatusSite> site_;           ///< null: nothing listens
  std::unique_ptr<HttpListener> web_;
  std::function<void()> on_stopping_;
  std::function<void()> on_stopped_;
  TaskScope scope_;
  bool stopping_ = false;
};

}  // namespace balancefs
