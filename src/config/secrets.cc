#include "config/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/child_process.h"
#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::size_t kLargestSecret = 64 * 1024;  // access tokens reach a few KiB

/// Strips one line end; refuses what could not be sent in a header or is an obvious mistake.
SecretResult finish(std::string value) {
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) return std::unexpected("is empty");
  for (const char c : value) {
    if (c == '\n' || c == '\r')
      return std::unexpected("has more than one line; it must hold the secret alone");
    if (c == '\0') return std::unexpected("has a NUL character in it");
  }
  return Secret(std::move(value));
}

}  // namespace

SecretResult secret_from_file(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0)
    return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return std::unexpected("is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
  std::string value(kLargestSecret + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(file.gcount()));
  if (value.size() > kLargestSecret) return std::unexpected("is too large for a secret (over 64 KiB)");
  return finish(std::move(value));
}

SecretResult secret_from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::unexpected("is not set in the environment");
  return finish(value);
}

SecretResult secret_from_command(const std::string& command, std::chrono::milliseconds timeout) {
  ChildCommand child;
  child.argv = {"/bin/sh", "-c", command};
  child.timeout = timeout;
  child.output_limit = kLargestSecret;
  Result<ChildOutcome> outcome = run_child(child);
  if (!outcome) {
    if (outcome.error().kind == ErrorKind::timed_out) {
      return std::unexpected(fmt::format("did not end within {} s", timeout.count() / 1000));
    }
    if (outcome.error().kind == ErrorKind::too_large) return std::unexpected("wrote more than 64 KiB");
    return std::unexpected(outcome.error().text);
  }
  if (outcome->exit_status != 0) {
    return std::unexpected(fmt::format("failed with status {}", outcome->exit_status));
  }
  if (outcome->output.empty()) return std::unexpected("wrote nothing");
  return finish(std::move(outcome->output));
}

SecretResult secret_from_text(std::string_view text) {
  return text.empty() ? SecretResult(Secret()) : finish(std::string(text));
}

}  // namespace balancefs
