// One listing of one directory under way: collects what each member says until it has said all of it.
//
// A group's members answer seconds or minutes apart; each answer goes to the owner when it is whole, and
// never earlier: entries of a member that failed mean nothing. Shared by the flow that runs the request and
// by those that confirm one of its answers; gone when all of them have ended. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/storage.h"
#include "meta/directory_state.h"

namespace balancefs {

class Fetch;

class FetchOwner {
 public:
  virtual ~FetchOwner() = default;
  /// A member has listed everything, or failed. Ends in Fetch::end, perhaps later.
  virtual void member_answered(Fetch& fetch, MemberIndex member, const Result<void>& outcome) = 0;
  virtual void fetch_gone(Fetch& fetch) = 0;
};

/// A name of a listing that is still arriving. Whether it is true, the whole listing says.
struct FirstName {
  std::string name;
  ObjectType type;

  FirstName(std::string_view text, ObjectType kind) : name(text), type(kind) {}
};

class Fetch final : public ListingSink, public std::enable_shared_from_this<Fetch> {
 public:
  enum class Answer : std::uint8_t {
    pending,
    answered,
    failed,
    not_asked,  ///< an older listing of this directory still waits for it
  };

  /// Fewer names are not worth handing out early: each costs the kernel a lookup more.
  static constexpr RowIndex kFirstNames = 512;

  /// `id` grows with every fetch of a cache.
  Fetch(FetchOwner& owner, std::uint64_t id, std::shared_ptr<DirectoryState> state, TimePoint started);
  ~Fetch() override;
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  std::uint64_t id() const { return id_; }
  TimePoint started() const { return started_; }
  DirectoryState& state() const { return *state_; }
  const std::shared_ptr<DirectoryState>& shared_state() const { return state_; }
  const Path& directory() const { return state_->path(); }
  Answer answer(MemberIndex member) const { return members_[member].answer; }
  std::size_t answered() const;

  /// Began before a contradiction was seen: its answers are taken, but prove nothing.
  bool outdated() const { return outdated_; }
  void outdate() { outdated_ = true; }

  /// Began ahead of a program, and none has asked for it since: what it fails to bring is no news.
  bool unasked() const { return why.priority == Priority::prefetch; }

  /// Leaves a member out of the request; before it starts.
  void skip(MemberIndex member) { members_[member].answer = Answer::not_asked; }
  /// Ends what members the storage has not named: a single storage names none.
  void finish(const Result<void>& outcome);
  /// The member's answer was judged.
  void end(MemberIndex member, Answer answer);
  MemberListing take_listing(MemberIndex member);
  /// What has arrived so far, each name once: of a storage alone, whose word is the whole truth. Nothing
  /// before there are enough, nor when it has answered.
  std::vector<FirstName> first_names() const;

  Result<void> entry(std::string_view name, const ObjectInfo& info) override;
  void member_done(MemberIndex member, const Result<void>& outcome) override;

  RequestContext why;

 private:
  struct Member {
    Answer answer = Answer::pending;
    bool done = false;  ///< member_done was called
    RowsBuilder rows;   ///< so far
    Member() = default;
  };

  FetchOwner& owner_;
  std::uint64_t id_;
  std::shared_ptr<DirectoryState> state_;
  TimePoint started_;
  bool outdated_ = false;
  std::vector<Member> members_;
};

}  // namespace balancefs
