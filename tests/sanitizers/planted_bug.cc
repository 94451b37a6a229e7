// Bugs on purpose: tests expect the sanitizer of the build to stop each of them, which proves that it is on.
//
// `planted_bug scope` is the mistake that coroutines invite (a reference parameter whose object is gone when
// the coroutine goes on), `planted_bug overflow` is for UndefinedBehaviorSanitizer, `planted_bug race` for
// ThreadSanitizer. Nothing else may use this file.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <limits>
#include <string>
#include <thread>

#include "balancefs/task.h"

namespace {

balancefs::Task<void> print_later(const std::string& text) {
  co_await asio::post(asio::use_awaitable);
  std::puts(text.c_str());
}

void use_after_scope() {
  asio::io_context loop;
  {
    std::string text(100, 'x');
    asio::co_spawn(loop, print_later(text), asio::detached);
  }
  loop.run();
}

void overflow(int one) {
  int sum = std::numeric_limits<int>::max();
  sum += one;
  std::printf("%d\n", sum);
}

void race() {
  int count = 0;
  std::thread other([&count] { ++count; });
  ++count;
  other.join();
  std::printf("%d\n", count);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string bug = argc > 1 ? argv[1] : "";
  if (bug == "scope") use_after_scope();
  if (bug == "overflow") overflow(argc - 1);
  if (bug == "race") race();
}
