#include "meta/group_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "meta/metadata_store.h"

namespace balancefs {
namespace {

constexpr std::uint64_t kBeingWritten = 0;  // MemberWord::kept

void forget_kept(DirectoryState& state) {
  for (MemberWord& word : state.words()) word.kept.reset();
}

}  // namespace

GroupStore::GroupStore(MetadataStore& store, std::string name, std::vector<MemberKey> members)
    : store_(store), name_(std::move(name)), members_(std::move(members)) {}

WallTimes GroupStore::times() const {
  return store_.times();
}

bool GroupStore::readable() const {
  return store_.readable();
}

bool GroupStore::prompt() const {
  return store_.prompt_;
}

void GroupStore::set_prompt(bool prompt) {
  store_.prompt_ = prompt;
}

std::shared_ptr<const void> GroupStore::leave_to_load() const {
  const bool none_under_way = store_.loads_.use_count() == 1;
  return store_.prompt_ || none_under_way ? store_.loads_ : nullptr;
}

void GroupStore::missed() {
  store_.skip();
}

Task<Result<KeptDirectory>> GroupStore::load(Path directory) {
  DirectoryQuestion question(name_, directory.str(), members_, times());
  co_return co_await store_.load(std::move(question));
}

void GroupStore::changed(const std::shared_ptr<DirectoryState>& state) {
  if (state->queued) return store_.recount(*state->queued, state->rows());
  if (!store_.writable() || !store_.enqueue(state->rows())) {
    forget_kept(*state);
    return store_.skip();
  }
  state->queued = state->rows();
  queue_.push_back(state);
}

void GroupStore::expire(const Path& directory, DirectoryExpiry expiry) {
  store_.expire(name_, directory.str(), false, expiry);
}

void GroupStore::expire_below(const Path& directory, DirectoryExpiry expiry) {
  store_.expire(name_, directory.str(), true, expiry);
}

void GroupStore::collect(std::vector<DirectoryToKeep>& batch, std::vector<WrittenDirectory>& written,
                         std::size_t& bytes, std::size_t most_bytes) {
  while (!queue_.empty() && bytes < most_bytes) {
    const std::shared_ptr<DirectoryState> state = std::move(queue_.front());
    queue_.pop_front();
    store_.dequeue(*std::exchange(state->queued, std::nullopt));
    if (!state->knows_something()) continue;
    batch.push_back(to_keep(*state));
    bytes += batch.back().bytes();
    written.emplace_back(*this, state);
  }
}

void GroupStore::written(DirectoryState& state, const DirectoryToKeep& kept) const {
  for (const WordToKeep& word : kept.words) {
    const auto member = std::find(members_.begin(), members_.end(), word.member) - members_.begin();
    // Another listing came, or a stat: that is to be written.
    std::optional<std::uint64_t>& mine = state.words()[static_cast<std::size_t>(member)].kept;
    if (word.to_encode && mine == kBeingWritten) mine = word.listing;
  }
}

void GroupStore::drop_queue() {
  for (const auto& state : queue_) {
    store_.dequeue(*std::exchange(state->queued, std::nullopt));
    forget_kept(*state);
  }
  queue_.clear();
}

StateRecord GroupStore::state_record(const DirectoryState& state, const WallTimes& times) const {
  StateRecord record;
  if (state.fresh_from && !state.expired) record.fresh_from = times.wall(*state.fresh_from);
  for (const auto& [name, members] : state.changed_copies()) {
    std::vector<MemberKey> keys;
    for (const MemberIndex member : members) keys.push_back(members_.at(member));
    record.changed.emplace_back(name, std::move(keys));
  }
  return record;
}

DirectoryToKeep GroupStore::to_keep(DirectoryState& state) const {
  const WallTimes clocks = times();
  DirectoryToKeep kept;
  kept.group = name_;
  kept.path = state.path().str();
  kept.state = encode_state(state_record(state, clocks), RecordPlace(kept.group, kept.path));
  TimePoint youngest;
  for (MemberIndex m = 0; m < state.words().size(); ++m) {
    MemberWord& word = state.words()[m];
    // What a member has elsewhere is no word of it about this directory.
    if (word.kind == MemberWord::Kind::unknown || word.elsewhere) continue;
    youngest = std::max(youngest, word.answered_at);
    WordToKeep out;
    out.member = members_.at(m);
    out.said.listed = word.kind == MemberWord::Kind::listed;
    out.said.unproven = word.unproven;
    out.said.answered_at = clocks.wall(word.answered_at);
    if (word.doubted_since) out.said.doubted_since = clocks.wall(*word.doubted_since);
    if (out.said.listed && word.kept.value_or(kBeingWritten) == kBeingWritten) {
      out.to_encode = word.listing;
      word.kept = kBeingWritten;
    } else if (out.said.listed) {
      out.said.listing = *word.kept;
    }
    out.names = word.listing.size();
    kept.words.push_back(std::move(out));
  }
  kept.answered = std::chrono::floor<std::chrono::seconds>(clocks.wall(youngest)).time_since_epoch().count();
  return kept;
}

}  // namespace balancefs
