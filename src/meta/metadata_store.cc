#include "meta/metadata_store.h"

#include <algorithm>

#include "base/log.h"

namespace balancefs {
namespace {

// What changed is written so much later: a walk's folders go in some transactions instead of hundreds, and a
// folder whose members answer one after the other goes once.
constexpr Duration kDelay = std::chrono::seconds(1);
// Written in some 10 ms: a load waits that long behind it.
constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
// Directories that wait cannot leave memory; a disk that hangs is not to fill it.
constexpr std::size_t kMostQueued = 10'000;
// As the disk cache does with a disk that fails.
constexpr Duration kPause = std::chrono::minutes(5);
// Somebody else may be on the way out, which takes up to 10 s; a second daemon may end any time.
constexpr Duration kTryAgainSoon = std::chrono::seconds(1);
constexpr int kSoonTries = 10;
constexpr Duration kTryAgain = std::chrono::seconds(30);
// Of the ten that an end may take.
constexpr Duration kLongestClose = std::chrono::seconds(4);
constexpr Duration kCountEvery = std::chrono::seconds(60);

/// A result, and how long the thread worked for it.
template <class T>
struct Timed {
  T value;
  Duration took{0};
  Timed() = default;
};

template <class T, class Work>
Result<Timed<T>> timed(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  Timed<T> done;
  done.value = work();
  done.took = std::chrono::steady_clock::now() - start;
  return done;
}

class Counted {
 public:
  explicit Counted(int& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& count_;
};

}  // namespace

MetadataStore::MetadataStore(MetadataStoreOptions options, const Executor& executor, Clock& clock,
                             WallClock wall)
    : options_(std::move(options)),
      clock_(clock),
      wall_(std::move(wall)),
      file_(std::make_shared<MetadataFile>(options_.folder, options_.most_bytes)),
      scope_(executor),
      writing_(executor),
      worker_(executor, clock) {
  figures_.folder = options_.folder;
}

MetadataStore::~MetadataStore() = default;

GroupStore& MetadataStore::group(std::string name, std::vector<MemberKey> members) {
  for (const auto& known : groups_) {
    if (known->is(name, members)) return *known;
  }
  groups_.push_back(std::make_unique<GroupStore>(*this, std::move(name), std::move(members)));
  return *groups_.back();
}

template <class T>
Task<Result<T>> MetadataStore::run(std::function<Result<T>()> job) {
  const Counted counted(jobs_);
  co_return co_await worker_.run(std::move(job), std::nullopt);
}

void MetadataStore::start() {
  scope_.spawn(open_file());
}

Task<void> MetadataStore::open_file() {
  using Opened = MetadataFolder::State;
  for (int tries = 0;; ++tries) {
    std::function<Result<Opened>()> job = [file = file_] { return Result<Opened>(file->open()); };
    const Result<Opened> opened = co_await run(std::move(job));
    if (*opened == Opened::open) break;
    not_opened(*opened);
    for (const auto& group : groups_) group->drop_queue();
    if (*opened == Opened::unusable) co_return;
    co_await sleep_for(clock_, tries < kSoonTries ? kTryAgainSoon : kTryAgain);
  }
  figures_.state = MetadataSnapshot::State::on;
  writes_ = true;
  writing_.spawn(write_behind());
}

/// The thread is idle now: nothing is asked of it before the file is open.
void MetadataStore::not_opened(MetadataFolder::State why) {
  const MetadataSnapshot::State before = figures_.state;
  switch (why) {
    case MetadataFolder::State::open:
      return;
    case MetadataFolder::State::unusable:
      figures_.state = MetadataSnapshot::State::off;
      return log_warning("metadata {}: cannot be used: {}; listings do not survive a restart",
                         options_.folder, file_->why());
    case MetadataFolder::State::in_use:
      figures_.state = MetadataSnapshot::State::in_use;
      if (before == figures_.state) return;
      return log_warning(
          "metadata {}: in use by another balancefs; listings are kept in memory only until that ends",
          options_.folder);
    case MetadataFolder::State::full:
      figures_.state = MetadataSnapshot::State::paused;
      if (before == figures_.state) return;
      return log_warning("metadata {}: {}; listings are kept in memory only until there is room",
                         options_.folder, file_->why());
  }
}

bool MetadataStore::readable() const {
  using State = MetadataSnapshot::State;
  return !closing_ && figures_.state != State::off && figures_.state != State::in_use && !has_no_file();
}

bool MetadataStore::writable() const {
  return readable() && figures_.state != MetadataSnapshot::State::paused;
}

bool MetadataStore::enqueue(std::size_t rows) {
  const bool room = queued_ < kMostQueued && queued_rows_ + rows <= options_.most_queued_rows;
  if (!room && queued_ > 0) return false;
  queued_rows_ += rows;
  if (queued_++ > 0) return true;
  log_debug("metadata {}: changes wait to be written", options_.folder);
  wake_.wake_all();
  return true;
}

void MetadataStore::recount(std::size_t& counted, std::size_t rows) {
  queued_rows_ = queued_rows_ - counted + rows;
  counted = rows;
}

void MetadataStore::dequeue(std::size_t rows) {
  --queued_;
  queued_rows_ -= rows;
}

void MetadataStore::skip() {
  ++figures_.skipped;
  incomplete_ = true;
}

Task<void> MetadataStore::write_behind() {
  for (;;) {
    const TimePoint due = std::max(clock_.now() + kDelay, paused_until_);
    while (!closing_ && !hurried_ && clock_.now() < due) co_await wake_.wait_until(clock_, due);
    figures_.state = MetadataSnapshot::State::on;
    bool more = queued_ > 0;
    while (more) more = co_await write_batch();
    hurried_ = false;
    written_.wake_all();
    if (closing_) break;
    if (clock_.now() >= next_count_) co_await count();
    const bool paused = figures_.state == MetadataSnapshot::State::paused;
    while (!closing_ && !hurried_ && queued_ == 0 && !paused) co_await wake_.wait();
  }
  writes_ = false;
  ended_.wake_all();
}

struct MetadataStore::Saved {
  std::shared_ptr<Batch> batch;  ///< back to the loop, see kept_directory.h
  Result<std::vector<std::size_t>> lacking;
  Saved() = default;
};

Task<bool> MetadataStore::write_batch() {
  auto batch = std::make_shared<Batch>();
  std::vector<WrittenDirectory> written;
  std::size_t bytes = 0;
  for (const auto& group : groups_) group->collect(*batch, written, bytes, kBatchBytes);
  const bool distrust = std::exchange(incomplete_, false);
  std::function<Result<Timed<Saved>>()> job = [file = file_, batch, distrust, clocks = times(),
                                               expiries = std::exchange(expiries_, {})]() mutable {
    apply(*file, expiries);
    if (distrust) file->distrust();
    return timed<Saved>([&] { return encode_and_save(*file, std::move(batch), clocks); });
  };
  const Result<Timed<Saved>> done = co_await run(std::move(job));
  figures_.writing += done->took;
  batch_ended(written, done->value);
  co_return queued_ > 0 && bytes >= kBatchBytes;
}

MetadataStore::Saved MetadataStore::encode_and_save(MetadataFile& file, std::shared_ptr<Batch> batch,
                                                    const WallTimes& clocks) {
  for (DirectoryToKeep& directory : *batch) encode_words(directory, clocks);
  Saved saved;
  saved.lacking = file.save(*batch);
  saved.batch = std::move(batch);
  return saved;
}

void MetadataStore::batch_ended(const std::vector<WrittenDirectory>& written, const Saved& saved) {
  const Result<std::vector<std::size_t>>& lacking = saved.lacking;
  if (lacking) figures_.written += written.size();
  if (lacking && queued_ == 0) log_debug("metadata {}: all changes are written", options_.folder);
  for (std::size_t i = 0; i < written.size(); ++i) {
    const bool whole = lacking && std::find(lacking->begin(), lacking->end(), i) == lacking->end();
    const auto state = written[i].state.lock();
    if (state && whole) written[i].group->written(*state, saved.batch->at(i));
    if (state && !whole) {
      for (MemberWord& word : state->words()) word.kept.reset();
      if (lacking) written[i].group->changed(state);
    }
    if (!lacking) skip();
  }
  if (!lacking && lacking.error().kind != ErrorKind::corrupted) pause(lacking.error());
}

void MetadataStore::pause(const Error& error) {
  log_warning("metadata {}: {}; nothing is written to it for 5 minutes", options_.folder, error.text);
  figures_.state = MetadataSnapshot::State::paused;
  paused_until_ = clock_.now() + kPause;
  incomplete_ = true;
  for (const auto& group : groups_) group->drop_queue();
}

Task<void> MetadataStore::count() {
  const bool first = next_count_ == TimePoint();
  next_count_ = clock_.now() + kCountEvery;
  std::function<Result<KeptAmount>()> job = [file = file_] { return file->amount(); };
  const Result<KeptAmount> amount = co_await run(std::move(job));
  if (!amount) co_return;
  figures_.kept = *amount;
  if (first) {
    log_info("metadata {}: {} directories, {} entries, {} MiB", options_.folder, amount->directories,
             amount->entries, amount->bytes >> 20);
  }
}

Task<void> MetadataStore::write_all(TimePoint deadline) {
  while (writes_ && !closing_ && queued_ > 0 && figures_.state == MetadataSnapshot::State::on) {
    hurried_ = true;
    wake_.wake_all();
    const bool in_time = co_await written_.wait_until(clock_, deadline);
    if (!in_time) break;
  }
}

Task<Result<KeptDirectory>> MetadataStore::load(DirectoryQuestion question) {
  using Loaded = Timed<Result<KeptDirectory>>;
  question.incomplete = incomplete_;
  const std::uint64_t expired_before = expired_;
  std::function<Result<Loaded>()> job = [file = file_, question = std::move(question),
                                         expiries = std::exchange(expiries_, {})] {
    apply(*file, expiries);
    return timed<Result<KeptDirectory>>([&] { return file->load(question); });
  };
  Result<Loaded> loaded = co_await run(std::move(job));
  figures_.loading += loaded->took;
  Result<KeptDirectory> kept = std::move(loaded->value);
  if (!kept) co_return kept;
  ++figures_.loaded;
  // Perhaps of this directory, and after it was read.
  if (expired_ != expired_before) kept->expiry = std::max(kept->expiry, DirectoryExpiry::expired);
  co_return kept;
}

void MetadataStore::expire(std::string group, std::string path, bool below, DirectoryExpiry expiry) {
  if (!readable()) return;
  ++expired_;
  expiries_.emplace_back(std::move(group), std::move(path), below, expiry);
  if (expiries_.size() == 1) scope_.spawn(apply_expiries());
}

void MetadataStore::apply(MetadataFile& file, const Expiries& expiries) {
  for (const Expiry& expiry : expiries) {
    if (!file.expire(expiry.group, expiry.path, expiry.below, expiry.what)) file.distrust();
  }
}

Task<void> MetadataStore::apply_expiries() {
  std::function<Result<bool>()> job = [file = file_, expiries = std::exchange(expiries_, {})] {
    apply(*file, expiries);
    return Result<bool>(true);
  };
  const Result<bool> done = co_await run(std::move(job));
  static_cast<void>(done);
}

Task<void> MetadataStore::close() {
  closing_ = true;
  wake_.wake_all();
  const TimePoint deadline = clock_.now() + kLongestClose;
  while (writes_ && clock_.now() < deadline) co_await ended_.wait_until(clock_, deadline);
  const bool complete = !writes_ && queued_ == 0;
  co_await scope_.close();
  co_await writing_.close();
  for (const auto& group : groups_) group->drop_queue();
  std::function<Result<bool>()> last = [file = file_, complete, distrust = incomplete_,
                                        expiries = std::exchange(expiries_, {})] {
    apply(*file, expiries);
    if (distrust) file->distrust();
    file->close(complete);
    return Result<bool>(true);
  };
  const Counted counted(jobs_);
  const Result<bool> closed = co_await worker_.run(std::move(last), deadline);
  if (!closed) {
    log_warning("metadata {}: the disk does not answer", options_.folder);
    // Waited for here, where the service's limit still holds, and not in the thread's destructor.
    std::function<Result<bool>()> nothing = [] { return Result<bool>(true); };
    const Result<bool> ended = co_await worker_.run(std::move(nothing), std::nullopt);
    static_cast<void>(ended);
  }
  log_debug("metadata {}: {} directories written in {} us, {} loaded in {} us", options_.folder,
            figures_.written, figures_.writing / std::chrono::microseconds(1), figures_.loaded,
            figures_.loading / std::chrono::microseconds(1));
}

MetadataSnapshot MetadataStore::snapshot() const {
  MetadataSnapshot now = figures_;
  now.queued = queued_;
  return now;
}

}  // namespace balancefs
