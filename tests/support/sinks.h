// Sinks that collect: bytes and entries.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "balancefs/bytes.h"
#include "balancefs/object.h"

namespace balancefs::test {

class StringSink final : public ByteSink {
 public:
  explicit StringSink(std::uint64_t offset = 0) : offset_(offset) {}
  std::uint64_t position() const override { return offset_ + text.size(); }
  Result<void> write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  std::string text;

 private:
  std::uint64_t offset_;
};

class CollectingListing final : public ListingSink {
 public:
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    entries[std::string(name)].push_back(info);
    return {};
  }
  void member_done(MemberIndex member, const Result<void>& outcome) override {
    outcomes.emplace_back(member, outcome);
  }
  std::map<std::string, std::vector<ObjectInfo>> entries;
  std::vector<std::pair<MemberIndex, Result<void>>> outcomes;
};

}  // namespace balancefs::test
