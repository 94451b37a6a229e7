#include "meta/fetch.h"

#include <algorithm>
#include <set>

namespace balancefs {

Fetch::Fetch(FetchOwner& owner, std::uint64_t id, std::shared_ptr<DirectoryState> state, TimePoint started)
    : why(Priority::metadata),
      owner_(owner),
      id_(id),
      state_(std::move(state)),
      started_(started),
      members_(state_->words().size()) {}

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
  RowsBuilder& rows = members_[info.member].rows;
  rows.add(name, info);
  if (members_.size() == 1 && rows.so_far().size() == kFirstNames) state_->changed.wake_all();
  return {};
}

void Fetch::member_done(MemberIndex member, const Result<void>& outcome) {
  if (member >= members_.size() || members_[member].done) return;
  members_[member].done = true;
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

std::vector<FirstName> Fetch::first_names() const {
  std::vector<FirstName> names;
  const Rows& rows = members_.front().rows.so_far();
  if (members_.size() > 1 || members_.front().done || rows.size() < kFirstNames) return names;
  std::set<std::string_view> seen;
  for (RowIndex row = 0; row < kFirstNames; ++row) {
    if (seen.insert(rows.name(row)).second) names.emplace_back(rows.name(row), rows.info(row).type);
  }
  return names;
}

MemberListing Fetch::take_listing(MemberIndex member) {
  return MemberListing(members_[member].rows.finish());
}

}  // namespace balancefs
