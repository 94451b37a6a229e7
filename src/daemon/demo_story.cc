#include "daemon/demo_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace balancefs {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLargeFile = "films/Night Train (1959).mkv";
constexpr const char* kThreeFiles[] = {"films/Tides.mp4", "music/Quartet No. 3/02 Adagio.flac", "README.txt"};
// Slow enough that the large file takes some seconds, so that its storage dies in mid-read and one can watch.
constexpr std::uint64_t kBytesPerSecond = 32 << 20;

// For any one step. Nothing here takes long; a step that does is a failure.
constexpr Duration kPatience = 60s;

void nothing(std::uint64_t) {}

long long milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

DemoStory::DemoStory(DemoStage& stage, DemoPrinter& out, WorkerThread& worker, Clock& clock)
    : stage_(stage), out_(out), worker_(worker), clock_(clock) {}

DemoStory::~DemoStory() {
  for (const auto& storage : stage_.storages()) storage->on_served(nullptr);
}

Task<Result<void>> DemoStory::run() {
  auto looked = co_await look_around();
  if (!looked) co_return looked;
  auto served = co_await read_three_files();
  if (!served) co_return served;
  co_return co_await survive_a_death();
}

Task<Result<void>> DemoStory::look_around() {
  out_.step(fmt::format("One folder, {}:", stage_.library()));
  std::function<Result<std::vector<DemoEntry>>()> job = [folder = stage_.library()] {
    return list_files(folder);
  };
  const auto entries = co_await worker_.run(std::move(job), deadline());
  if (!entries) co_return std::unexpected<Error>(entries.error());
  for (const DemoEntry& entry : *entries) {
    out_.line("   {:>10}  {}", megabytes(entry.size), entry.path);
    const DemoFiles::Node* file = stage_.files().find(entry.path);
    if (file == nullptr || file->size != entry.size) {
      co_return fail(ErrorKind::corrupted, fmt::format("{} is not what the storages hold", entry.path));
    }
  }
  if (entries->size() != stage_.files().count()) co_return fail(ErrorKind::corrupted, "files are missing");
  out_.good(fmt::format("{} files, each of them on all three storages", entries->size()));
  co_return Result<void>();
}

Task<Result<void>> DemoStory::read_three_files() {
  out_.step("Three files, each opened once. Every new open goes to the next storage:");
  std::set<std::string> storages;
  for (const std::string path : kThreeFiles) {
    const auto reading = co_await read(path);
    if (!reading) co_return std::unexpected<Error>(reading.error());
    const auto expected = co_await checksum(path);
    if (!expected) co_return std::unexpected<Error>(expected.error());
    const std::vector<std::string> names = served_by(path);
    out_.line("   {:<36} {:>10}  served by {}", path, megabytes(reading->bytes), fmt::join(names, ", "));
    if (reading->sha256 != *expected) co_return fail(ErrorKind::corrupted, path + " has a wrong checksum");
    storages.insert(names.begin(), names.end());
  }
  if (storages.size() != stage_.storages().size()) {
    co_return fail(ErrorKind::unavailable, fmt::format("only {} served them", fmt::join(storages, " and ")));
  }
  out_.good("three files from three storages, and their checksums are right");
  co_return Result<void>();
}

Task<Result<void>> DemoStory::survive_a_death() {
  const std::string path = kLargeFile;
  const DemoFiles::Node& file = *stage_.files().find(path);
  out_.step(fmt::format("{} ({}) is read, and its storage dies in the middle:", path, megabytes(file.size)));
  const auto expected = co_await checksum(path);
  if (!expected) co_return std::unexpected<Error>(expected.error());
  for (const auto& storage : stage_.storages()) storage->set_bytes_per_second(kBytesPerSecond);
  kill_whoever_serves(path);
  const auto reading = co_await read(path);
  out_.end_progress();
  for (const auto& storage : stage_.storages()) storage->set_bytes_per_second(0);
  if (!reading) co_return std::unexpected<Error>(reading.error());
  if (reading->sha256 != *expected) co_return fail(ErrorKind::corrupted, "the checksum is wrong");
  co_return judge_survival(path, *reading);
}

// At a third of what it serves, so that a part of the file has come and a part is still under way.
void DemoStory::kill_whoever_serves(const std::string& large) {
  const std::uint64_t enough = stage_.files().find(large)->size / 3;
  for (const auto& storage : stage_.storages()) {
    storage->on_served(
        [this, large, enough, server = storage.get()](const std::string& path, std::uint64_t bytes) {
          if (victim_ != nullptr || path != large || bytes < enough) return;
          victim_ = server;
          server->kill();
          out_.end_progress();
          out_.line("   storage {} has served {} of it. Killed.", server->name(), megabytes(bytes));
        });
  }
}

Result<void> DemoStory::judge_survival(const std::string& path, const DemoReading& reading) {
  if (victim_ == nullptr) return fail(ErrorKind::unavailable, "no storage served enough of it to be killed");
  for (const auto& storage : stage_.storages()) {
    const std::uint64_t bytes = storage->served(path).bytes;
    if (bytes > 0) out_.line("   storage {:<5} {:>10}", storage->name(), megabytes(bytes));
  }
  if (served_by(path).size() < 2) return fail(ErrorKind::unavailable, "no other storage served the rest");
  out_.good(fmt::format("read to its end: {}, longest pause {} ms", megabytes(reading.bytes),
                        milliseconds(reading.longest_pause)));
  out_.good(fmt::format("sha256 {}, as it must be", reading.sha256));
  return {};
}

Task<Result<DemoReading>> DemoStory::read(std::string path) {
  std::function<void(std::uint64_t)> progress = nothing;
  if (path == kLargeFile) {
    const std::uint64_t total = stage_.files().find(path)->size;
    progress = [&out = out_, total](std::uint64_t done) { out.progress(done, total); };
  }
  const std::string file = stage_.library() + "/" + path;
  std::function<Result<DemoReading>()> job = [file, progress] { return read_whole_file(file, progress); };
  co_return co_await worker_.run(std::move(job), deadline());
}

Task<Result<std::string>> DemoStory::checksum(std::string path) {
  const DemoFiles::Node* file = stage_.files().find(path);
  std::function<Result<std::string>()> job = [file] { return expected_sha256(*file); };
  co_return co_await worker_.run(std::move(job), deadline());
}

TimePoint DemoStory::deadline() const {
  return clock_.now() + kPatience;
}

std::vector<std::string> DemoStory::served_by(const std::string& path) const {
  std::vector<std::string> names;
  for (const auto& storage : stage_.storages()) {
    if (storage->served(path).bytes > 0) names.push_back(storage->name());
  }
  return names;
}

}  // namespace balancefs
