#include "names/nfc_storage.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "names/nfc.h"

namespace balancefs {

/// A listing on its way: passes names on in NFC, and remembers how they came.
///
/// Names that came in NFC go on at once; the others wait for the end, because one that came in NFC has the
/// name for itself. Of several others that would have the same name the first in the order of their bytes has
/// it. Who does not get the name is shown as it came.
class NfcStorage::Naming final : public ListingSink {
 public:
  explicit Naming(ListingSink& target) : target_(target) {}

  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    std::string shown = to_nfc(name);
    if (shown != name) {
      others_.emplace_back(std::move(shown), std::string(name), info);
      return {};
    }
    came_so_.push_back(std::hash<std::string_view>()(name));
    return target_.entry(name, info);
  }
  void member_done(MemberIndex, const Result<void>&) override {}  // single storages name no members

  /// Passes the rest on. After a listing that came to its end.
  Result<void> finish() {
    std::ranges::sort(others_, [](const Other& left, const Other& right) { return left.sent < right.sent; });
    std::ranges::sort(came_so_);
    for (Other& other : others_) {
      const bool free = !std::ranges::binary_search(came_so_, std::hash<std::string_view>()(other.shown)) &&
                        spellings_.emplace(other.shown, other.sent).second;
      if (auto taken = target_.entry(free ? other.shown : other.sent, other.info); !taken) return taken;
    }
    return {};
  }
  Spellings take() { return std::move(spellings_); }

 private:
  struct Other {
    std::string shown, sent;
    ObjectInfo info;
    Other(std::string nfc, std::string came, ObjectInfo what)
        : shown(std::move(nfc)), sent(std::move(came)), info(std::move(what)) {}
  };

  ListingSink& target_;
  std::vector<Other> others_;
  std::vector<std::size_t> came_so_;  ///< hashes: a listing may be long
  Spellings spellings_;
};

namespace {

class NoSink final : public ListingSink {
 public:
  Result<void> entry(std::string_view, const ObjectInfo&) override { return {}; }
  void member_done(MemberIndex, const Result<void>&) override {}
};

bool is_missing(const auto& result) {
  return !result && result.error().kind == ErrorKind::not_found;
}

}  // namespace

/// Marks a folder as being listed, and wakes who waits for that.
class NfcStorage::Learning {
 public:
  Learning(NfcStorage& storage, const Path& folder) : storage_(storage), folder_(folder.str()) {
    storage_.learning_.insert(folder_);
  }
  Learning(const Learning&) = delete;
  Learning& operator=(const Learning&) = delete;
  ~Learning() {
    storage_.learning_.erase(folder_);
    storage_.learnt_.wake_all();
  }

 private:
  NfcStorage& storage_;
  std::string folder_;
};

class NfcStorage::Reader final : public ObjectReader {
 public:
  Reader(NfcStorage& storage, std::shared_ptr<Version> version, MemberIndex self)
      : storage_(storage), version_(std::move(version)), self_(self) {
    open(storage_.table_.spelled(version_->path()));
  }
  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override {
    const std::shared_ptr<ObjectReader> reader = reader_;  // others may open anew meanwhile
    Result<void> outcome = co_await reader->read(range, sink, why);
    if (!is_missing(outcome)) co_return outcome;
    Result<Path> spelled = co_await storage_.learn(version_->path(), why);
    if (!spelled) co_return std::unexpected<Error>(spelled.error());
    if (reader == reader_ && !open(std::move(*spelled))) co_return outcome;
    const std::shared_ptr<ObjectReader> again = reader_;
    co_return co_await again->read(range, sink, why);
  }

 private:
  /// False when that spelling is the one that is open.
  bool open(Path spelled) {
    if (reader_ != nullptr && spelled == version_->path_of(self_)) return false;
    version_->set_path_of(self_, std::move(spelled));
    reader_ = storage_.inner_->open(version_, self_);
    return true;
  }

  NfcStorage& storage_;
  std::shared_ptr<Version> version_;
  MemberIndex self_;
  std::shared_ptr<ObjectReader> reader_;
};

std::unique_ptr<ObjectReader> NfcStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  return std::make_unique<Reader>(*this, std::move(version), self);
}

Task<Result<void>> NfcStorage::list(Path directory, ListingSink& entries, RequestContext& why) {
  const Path asked = table_.spelled(directory);
  Result<void> outcome = co_await list_as(asked, directory, entries, why);
  if (!is_missing(outcome)) co_return outcome;
  const Result<Path> spelled = co_await learn(directory, why);
  if (!spelled) co_return std::unexpected<Error>(spelled.error());
  if (*spelled == asked) co_return outcome;
  co_return co_await list_as(*spelled, directory, entries, why);
}

Task<Result<void>> NfcStorage::list_as(Path spelled, Path directory, ListingSink& entries,
                                       RequestContext& why) {
  Naming naming(entries);
  const Result<void> outcome = co_await inner_->list(std::move(spelled), naming, why);
  if (!outcome) co_return outcome;
  const Result<void> rest = naming.finish();
  if (!rest) co_return rest;
  table_.set(directory, naming.take());
  co_return outcome;
}

Task<Result<ObjectInfo>> NfcStorage::stat(Path path, RequestContext& why) {
  const Path asked = table_.spelled(path);
  Result<ObjectInfo> info = co_await inner_->stat(asked, why);
  if (!is_missing(info)) co_return info;
  const Result<Path> spelled = co_await learn(path, why);
  if (!spelled) co_return std::unexpected<Error>(spelled.error());
  if (*spelled == asked) co_return info;
  co_return co_await inner_->stat(*spelled, why);
}

// Each name is looked up as soon as its folder was listed: of folders with very many names the table may have
// forgotten one when the next was listed.
Task<Result<Path>> NfcStorage::learn(Path path, RequestContext& why) {
  Path folder;
  Path spelled;
  while (folder != path) {
    const std::string_view below =
        std::string_view(path.str()).substr(folder.is_root() ? 0 : folder.str().size() + 1);
    const std::string name(below.substr(0, below.find('/')));
    if (!is_ascii(name) && !table_.knows(folder)) {
      const Result<void> learnt = co_await learn_folder(folder, spelled, why);
      // What is in a folder that is missing is missing, however it is spelled.
      if (!learnt && !is_missing(learnt)) co_return std::unexpected<Error>(learnt.error());
    }
    spelled = spelled.child(table_.spelled_name(folder, name));
    folder = folder.child(name);
  }
  co_return spelled;
}

Task<Result<void>> NfcStorage::learn_folder(Path folder, Path spelled, RequestContext& why) {
  while (learning_.contains(folder.str())) {
    bool woken = true;
    if (why.deadline) {
      woken = co_await learnt_.wait_until(clock_, *why.deadline);
    } else {
      co_await learnt_.wait();
    }
    if (!woken) co_return fail(ErrorKind::timed_out, "no answer about the spelling of a name in time");
  }
  if (table_.knows(folder)) co_return Result<void>();
  const Learning mark(*this, folder);
  NoSink nobody;
  co_return co_await list_as(spelled, folder, nobody, why);
}

std::unique_ptr<Storage> with_names(std::unique_ptr<Storage> storage, GroupOptions::Names names,
                                    Clock& clock) {
  switch (names) {
    case GroupOptions::Names::as_sent:
      return storage;
    case GroupOptions::Names::nfc:
      return std::make_unique<NfcStorage>(std::move(storage), clock);
  }
  check_failed(__FILE__, __LINE__, "Names is in range");
}

}  // namespace balancefs
