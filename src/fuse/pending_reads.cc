#include "fuse/pending_reads.h"

#include "fuse/interrupts.h"

namespace balancefs {

PendingReads::Entry::Entry(PendingReads& owner, std::uint64_t handle, std::uint64_t offset, pid_t reader)
    : owner_(owner), handle_(handle), offset_(offset), reader_(reader) {
  auto& entries = owner_.handles_[handle].entries;
  position_ = entries.insert(entries.end(), this);
}

PendingReads::Entry::~Entry() {
  const auto found = owner_.handles_.find(handle_);
  if (found != owner_.handles_.end()) found->second.entries.erase(position_);
}

void PendingReads::flush(std::uint64_t handle, pid_t closer) {
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return;
  std::vector<FlowHandle> flows;
  for (Entry* entry : found->second.entries) {
    if (entry->reader_ != closer && !is_being_killed(entry->reader_)) continue;
    if (!found->second.given_up.insert(entry->offset_).second) continue;
    entry->given_up_ = true;
    flows.push_back(entry->flow_);
  }
  for (const FlowHandle& flow : flows) flow.cancel();
}

}  // namespace balancefs
