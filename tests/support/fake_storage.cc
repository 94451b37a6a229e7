#include "support/fake_storage.h"

#include <fmt/format.h>

#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

class Running {
 public:
  explicit Running(FakeStorage::Counts& counts) : counts_(counts) {
    counts_.most_running = std::max(counts_.most_running, ++counts_.running);
  }
  ~Running() { --counts_.running; }
  Running(const Running&) = delete;

 private:
  FakeStorage::Counts& counts_;
};

std::unexpected<Error> missing() {
  return fail(ErrorKind::not_found, "404");
}

}  // namespace

class FakeReader final : public ObjectReader {
 public:
  FakeReader(FakeStorage& storage, std::shared_ptr<Version> version, MemberIndex self)
      : storage_(storage), version_(std::move(version)), self_(self) {}

  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override {
    Running running(storage_.counts);
    ++storage_.counts.read;
    storage_.counts.ranges.push_back(ByteRange(sink.position(), range.end() - sink.position()));
    why.served_by = self_;
    Result<void> begun = co_await storage_.answer(storage_.fail_read);
    if (!begun) co_return begun;
    if (storage_.no_ranges && sink.position() > 0) {
      co_return std::unexpected<Error>(
          Error(ErrorKind::unsupported, Error::Detail::no_range, "200 to a range"));
    }
    const auto node = storage_.nodes.find(version_->path_of(self_).str());
    if (node == storage_.nodes.end()) co_return missing();
    if (node->second.info.size != version_->size()) co_return fail(ErrorKind::changed, "another total");
    const auto pinned = version_->confirm(fmt::format("{}/direct/fake", self_), node->second.info.validator);
    if (!pinned) co_return pinned;
    const std::uint32_t seed = node->second.seed + (storage_.lie_about_bytes ? 1 : 0);
    while (sink.position() < range.end()) {
      if (storage_.fail_everything) co_return std::unexpected<Error>(*storage_.fail_everything);
      if (storage_.fail_read) co_return std::unexpected<Error>(*storage_.fail_read);
      co_await storage_.wait_while_stalled();
      std::uint64_t count = std::min<std::uint64_t>(storage_.piece, range.end() - sink.position());
      if (storage_.cut_read_at) {
        if (sink.position() >= *storage_.cut_read_at) co_return std::unexpected<Error>(storage_.cut_error);
        count = std::min(count, *storage_.cut_read_at - sink.position());
      }
      const std::string bytes = ramp_bytes(sink.position(), count, seed);
      const auto taken = sink.write(std::as_bytes(std::span(bytes)));
      if (!taken) co_return taken;
      storage_.counts.bytes += count;
      if (storage_.bytes_per_second > 0) {
        const Duration pause(count * 1'000'000'000 / storage_.bytes_per_second);
        co_await sleep_for(storage_.clock_, pause);
      }
    }
    co_return Result<void>();
  }

 private:
  FakeStorage& storage_;
  std::shared_ptr<Version> version_;
  MemberIndex self_;
};

FakeStorage::FakeStorage(std::string name, Executor executor, Clock& clock)
    : executor_(std::move(executor)), clock_(clock) {
  traits_.name = std::move(name);
  traits_.type = "fake";
  add_directory("");
}

void FakeStorage::add_directory(std::string_view path) {
  const Path parsed = *Path::parse(path);
  Node node;
  node.info.type = ObjectType::directory;
  nodes.try_emplace(parsed.str(), node);
  if (!parsed.is_root()) add_directory(parsed.parent().str());
}

void FakeStorage::add_file(std::string_view path, std::uint64_t size, std::uint32_t seed, int revision) {
  const Path parsed = *Path::parse(path);
  add_directory(parsed.parent().str());
  Node node;
  node.seed = seed;
  node.info.size = size;
  node.info.validator.etag = fmt::format("\"{}-{}-{}-{}\"", traits_.name, size, seed, revision);
  node.info.validator.modified = FileTime(std::chrono::seconds(1'700'000'000 + revision));
  nodes[parsed.str()] = node;
}

void FakeStorage::remove(std::string_view path) {
  const Path gone = *Path::parse(path);
  std::erase_if(nodes, [&](const auto& entry) { return Path::parse(entry.first)->is_within(gone); });
}

Task<void> FakeStorage::wait_while_stalled() {
  while (stall && !fail_everything) co_await sleep_for(clock_, std::chrono::milliseconds(100));
}

Task<Result<void>> FakeStorage::answer(const std::optional<Error>& special) {
  if (latency > Duration(0)) co_await sleep_for(clock_, latency);
  for (int turn = 0; turn < turns; ++turn) co_await asio::post(asio::use_awaitable);
  co_await wait_while_stalled();
  if (fail_everything) co_return std::unexpected<Error>(*fail_everything);
  if (special) co_return std::unexpected<Error>(*special);
  co_return Result<void>();
}

Task<Result<void>> FakeStorage::list(Path directory, ListingSink& entries, RequestContext&) {
  Running running(counts);
  ++counts.list;
  Result<void> begun = co_await answer(fail_list);
  if (!begun) co_return begun;
  const auto self = nodes.find(directory.str());
  if (self == nodes.end() || self->second.info.type != ObjectType::directory) co_return missing();
  std::size_t sent = 0;
  for (const auto& [text, node] : nodes) {
    const Path path = *Path::parse(text);
    if (path.is_root() || path.parent() != directory) continue;
    if (cut_list_after && sent >= *cut_list_after) co_return fail(ErrorKind::corrupted, "listing cut off");
    const auto taken = entries.entry(path.name(), node.info);
    if (!taken) co_return taken;
    ++sent;
  }
  if (cut_list_after) co_return fail(ErrorKind::corrupted, "listing cut off");
  co_return Result<void>();
}

Task<Result<ObjectInfo>> FakeStorage::stat(Path path, RequestContext& why) {
  Running running(counts);
  ++counts.stat;
  if (why.checksums) ++counts.digests;
  Result<void> begun = co_await answer(fail_stat);
  if (!begun) co_return std::unexpected<Error>(begun.error());
  const auto node = nodes.find(path.str());
  if (node == nodes.end()) co_return missing();
  ObjectInfo info = node->second.info;
  info.size_kind = SizeKind::exact;
  if (why.checksums && !node->second.digest.empty()) info.checksum = node->second.digest;
  co_return info;
}

std::unique_ptr<ObjectReader> FakeStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  ++counts.open;
  return std::make_unique<FakeReader>(*this, std::move(version), self);
}

Task<Result<void>> FakeStorage::probe(RequestContext&) {
  ++counts.probe;
  return answer(fail_probe);
}

Task<void> FakeStorage::close() {
  co_return;
}

}  // namespace balancefs::test
