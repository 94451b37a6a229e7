// Several questions at once, and waiting for all answers: what a folder's members list, what a block's
// members hold. The questions run in a TaskScope and own what they write to, so that a cancelled asker may go
// first.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "balancefs/task.h"

namespace balancefs {

template <class T>
class Answers {
 public:
  Answers() : state_(std::make_shared<State>()) {}

  void ask(TaskScope& scope, Task<Result<T>> question) {
    state_->answers.emplace_back();
    ++state_->missing;
    scope.spawn(collect(state_, state_->answers.size() - 1, std::move(question)));
  }
  /// Waits until all have answered; call it once.
  Task<void> wait() {
    while (state_->missing > 0) co_await state_->done.wait();
  }
  /// By the order of asking, after wait().
  Result<T>& operator[](std::size_t i) { return *state_->answers[i]; }

 private:
  struct State {
    std::vector<std::optional<Result<T>>> answers;
    std::size_t missing = 0;
    WaitList done;
  };

  static Task<void> collect(std::shared_ptr<State> state, std::size_t i, Task<Result<T>> question) {
    Result<T> answer = co_await std::move(question);
    state->answers[i].emplace(std::move(answer));
    if (--state->missing == 0) state->done.wake_all();
  }

  std::shared_ptr<State> state_;
};

}  // namespace balancefs
