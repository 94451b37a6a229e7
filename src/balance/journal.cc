#include "balance/journal.h"

#include <algorithm>

#include "base/request_id.h"

namespace balancefs {

void Journal::add(Transition transition) {
  put(std::move(transition));
  if (on_add_) on_add_();
}

void Journal::put(Transition transition) {
  const auto before = std::find_if(all_.rbegin(), all_.rend(), [&](const Transition& earlier) {
    return earlier.member == transition.member;
  });
  if (before != all_.rend() && before->from == transition.from && before->to == transition.to &&
      without_request_ids(before->reason) == without_request_ids(transition.reason)) {
    ++before->times;
    before->reason = std::move(transition.reason);
    before->id = transition.id;
    before->last = transition.at;
    return;
  }
  all_.push_back(std::move(transition));
  if (all_.size() > kMost) all_.pop_front();
}

}  // namespace balancefs
