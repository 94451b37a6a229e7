#include "balance/journal.h"

#include <algorithm>

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
      before->reason == transition.reason) {
    ++before->times;
    before->last = transition.at;
    return;
  }
  all_.push_back(std::move(transition));
  if (all_.size() > kMost) all_.pop_front();
}

}  // namespace balancefs
