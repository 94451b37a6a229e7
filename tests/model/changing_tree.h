// A member of a group whose tree changes and which goes wrong, and the memory of all states it ever had.
//
// A member tells the truth, fails (in several ways), or lies as servers do: 404 to everything, a folder or
// the root that lists nothing, a listing that is cut off. A lie about a folder ends before it could be
// believed (30 s), and the next one about it comes after the truth was told again: what is told twice, 30 s
// apart, and is well-formed, nobody can tell from the truth.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/fake_storage.h"

namespace balancefs::test {

/// What a directory holds: nothing when there is no such directory.
struct ListedRow {
  ObjectType type = ObjectType::file;
  std::uint64_t size = 0;
  std::string etag;
  ListedRow() = default;
  explicit ListedRow(const ObjectInfo& info) : type(info.type), size(info.size), etag(info.validator.etag) {}
  bool operator==(const ListedRow&) const = default;
};
using DirectoryContent = std::optional<std::map<std::string, ListedRow>>;

class ChangingMember final : public Storage {
 public:
  ChangingMember(std::string name, Executor executor, Clock& clock)
      : inner(std::move(name), std::move(executor), clock) {}

  const StorageTraits& traits() const override { return inner.traits(); }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override {
    Silent silent;
    const bool lie = lies.contains(directory.str());
    const Result<void> outcome = co_await inner.list(directory, lie ? silent : entries, why);
    if (lie) co_return lies.contains(directory.str()) || !outcome ? outcome : cut_off();
    if (outcome || (outcome.error().kind == ErrorKind::not_found && !says_404()))
      told.insert(directory.str());
    if (outcome) lied_about.erase(directory.str());
    co_return outcome;
  }
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override {
    return inner.stat(std::move(path), why);
  }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override {
    return inner.open(std::move(version), self);
  }
  Task<Result<void>> probe(RequestContext& why) override { return inner.probe(why); }
  Task<void> close() override { return inner.close(); }

  bool says_404() const {
    return inner.fail_everything && inner.fail_everything->kind == ErrorKind::not_found;
  }
  /// To be called after every change of the tree.
  void remember(const std::vector<std::string>& directories) {
    for (const std::string& directory : directories) {
      DirectoryContent now = content(directory);
      auto& past = history[directory];
      if (past.empty() || past.back() != now) past.push_back(std::move(now));
    }
  }
  DirectoryContent content(const std::string& directory) const {
    const auto self = inner.nodes.find(directory);
    if (self == inner.nodes.end() || self->second.info.type != ObjectType::directory) return std::nullopt;
    std::map<std::string, ListedRow> rows;
    const std::string prefix = directory.empty() ? "" : directory + "/";
    for (const auto& [path, node] : inner.nodes) {
      if (path.empty() || !path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos)
        continue;
      rows.emplace(path.substr(prefix.size()), ListedRow(node.info));
    }
    return rows;
  }

  FakeStorage inner;
  std::set<std::string> lies;        ///< directories that list nothing
  std::set<std::string> lied_about;  ///< and have not been listed truly since
  std::set<std::string> told;        ///< directories about which the truth was told
  std::map<std::string, std::vector<DirectoryContent>> history;

 private:
  class Silent final : public ListingSink {
   public:
    Result<void> entry(std::string_view, const ObjectInfo&) override { return {}; }
    void member_done(MemberIndex, const Result<void>&) override {}
  };
  static Result<void> cut_off() { return fail(ErrorKind::corrupted, "cut off"); }
};

}  // namespace balancefs::test
