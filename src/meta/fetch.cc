#include "meta/fetch.h"

#include <algorithm>

namespace balancefs {

Fetch::Fetch(FetchOwner& owner, std::uint64_t id, std::shared_ptr<DirectoryState> state, TimePoint started)
    : why(Priority::metadata),
      owner_(owner),
      id_(id),
      state_(std::move(state)),
      started_(started),
      members_(state_->words().size()) {
  why.id = id;
}

Fetch::~Fetch() {
  owner_.fetch_gone(*this);
}

std::size_t Fetch::answered() const {
  const auto has_answered = [](const Member& member) { return member.answer == Answer::answered; };
  return static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), has_answered));
}

Result<void> Fetch::entry(std::string_view name, const ObjectInfo& info) {
  if (info.member >= members_.size() || !Path::valid_name(name)) {
    return fail(ErrorKind::corrupted, "a listing with a senseless entry");
  }
  members_[info.member].rows.add(name, info);
  return {};
}

void Fetch::member_done(MemberIndex member, const Result<void>& outcome) {
  if (member >= members_.size() || members_[member].done) return;
  members_[member].done = true;
  if (!outcome && (!error_ || error_->kind == ErrorKind::not_found)) error_ = outcome.error();
  owner_.member_answered(*this, member, outcome);
}

void Fetch::finish(const Result<void>& outcome) {
  const bool single = members_.size() == 1;
  const Result<void> unnamed = fail(ErrorKind::unavailable, "the listing ended without this member's answer");
  for (MemberIndex m = 0; m < members_.size(); ++m) {
    if (members_[m].done || members_[m].answer == Answer::not_asked) continue;
    member_done(m, single || !outcome ? outcome : unnamed);
  }
}

void Fetch::end(MemberIndex member, Answer answer) {
  members_[member].answer = answer;
  members_[member].rows = RowsBuilder();
}

MemberListing Fetch::take_listing(MemberIndex member) {
  return MemberListing(members_[member].rows.finish());
}

}  // namespace balancefs
