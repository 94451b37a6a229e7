#include "daemon/demo_reading.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace balancefs {
namespace {

constexpr std::size_t kPiece = 128 * 1024;  // as much as the kernel asks a file system for at once

std::string error_line(const std::string& what, const std::string& path, int error) {
  return fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(error));
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
};

void Sha256::Free::operator()(Context* context) const {
  EVP_MD_CTX_free(context->evp);
  delete context;
}

Sha256::Sha256() : context_(new Context) {
  BALANCEFS_CHECK(EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const char> bytes) {
  BALANCEFS_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  BALANCEFS_CHECK(EVP_DigestFinal_ex(context_->evp, digest.data(), &length) == 1);
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += fmt::format("{:02x}", digest.at(i));
  return out;
}

Result<DemoReading> read_whole_file(const std::string& path,
                                    const std::function<void(std::uint64_t)>& progress) {
  const OpenFile file(path);
  if (file.get() < 0) return fail(ErrorKind::unavailable, error_line("open", path, errno));
  DemoReading reading;
  Sha256 digest;
  std::vector<char> piece(kPiece);
  while (true) {
    const auto before = std::chrono::steady_clock::now();
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorKind::unavailable, error_line("read", path, errno));
    reading.longest_pause =
        std::max<Duration>(reading.longest_pause, std::chrono::steady_clock::now() - before);
    if (count == 0) break;
    digest.add(std::span(piece.data(), static_cast<std::size_t>(count)));
    reading.bytes += static_cast<std::uint64_t>(count);
    progress(reading.bytes);
  }
  reading.sha256 = digest.hex();
  return reading;
}

std::string expected_sha256(const DemoFiles::Node& file) {
  Sha256 digest;
  std::vector<char> piece(kPiece);
  for (std::uint64_t offset = 0; offset < file.size; offset += kPiece) {
    const std::span<char> part(piece.data(), std::min<std::uint64_t>(kPiece, file.size - offset));
    DemoFiles::read(file, offset, part);
    digest.add(part);
  }
  return digest.hex();
}

Result<std::vector<DemoEntry>> list_files(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<DemoEntry> entries;
  std::error_code error;
  for (fs::recursive_directory_iterator next(folder, error), end; !error && next != end;
       next.increment(error)) {
    std::error_code unknown;
    if (!next->is_regular_file(unknown)) continue;
    DemoEntry& entry = entries.emplace_back();
    entry.path = next->path().lexically_relative(folder).string();
    entry.size = next->file_size(unknown);
  }
  if (error) return fail(ErrorKind::unavailable, error_line("list", folder, error.value()));
  std::sort(entries.begin(), entries.end(),
            [](const DemoEntry& a, const DemoEntry& b) { return a.path < b.path; });
  return entries;
}

}  // namespace balancefs
