// Judges what was shown of members that change, fail and lie: of each one state that it really had, no older
// than what was shown of it before; absence only where it was true; failure only where nothing was known; and
// within the time that is promised.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "balancefs/options.h"
#include "meta/directory.h"
#include "model/changing_tree.h"

namespace balancefs::test {

/// What each member was known to have told of a directory when a question began.
struct Before {
  std::vector<std::size_t> shown;  ///< by member: index of the state that was shown last
  std::vector<bool> told;
  Before() = default;
};

struct Question {
  enum class Kind { list, lookup, open };
  Kind kind = Kind::list;
  std::string directory;
  std::string name;  ///< of lookups and opens
  TimePoint asked;
  Before before;
  std::unique_ptr<Flow<Result<std::shared_ptr<const Directory>>>> listing;
  std::unique_ptr<Flow<Result<DirectoryEntry>>> entry;

  Question() = default;
  bool done() const { return listing ? listing->done() : entry->done(); }
  std::string text() const { return (listing ? "list /" : "lookup /") + directory + "/" + name; }
};

class ShownStates {
 public:
  /// `members` outlive this and may be added until the first question. `slack`: the steps of the clock.
  ShownStates(const std::vector<ChangingMember*>& members, const MetadataOptions& options, Duration slack)
      : members_(members), options_(options), slack_(slack) {}

  /// What is known when a question about `directory` begins.
  Before before(const std::string& directory) {
    Before known;
    known.shown = shown_.try_emplace(directory, members_.size(), 0).first->second;
    for (const ChangingMember* member : members_) known.told.push_back(member->told.contains(directory));
    return known;
  }

  void judge(Question& question, TimePoint now) {
    SCOPED_TRACE(question.text());
    const Duration took = now - question.asked;
    const bool known = std::find(question.before.told.begin(), question.before.told.end(), true) !=
                       question.before.told.end();
    if (question.listing) {
      const auto result = question.listing->take();
      if (!result && result.error().kind == ErrorKind::cancelled) return;
      EXPECT_LE(took, (known ? options_.patience : options_.timeout) + slack_);
      if (result) return judge_listing(question, **result);
      judge_failure(question, result.error());
    } else {
      const auto result = question.entry->take();
      if (!result && result.error().kind == ErrorKind::cancelled) return;
      EXPECT_LE(took, (known ? options_.patience : options_.timeout) + slack_);
      if (result) return judge_entry(question, *result);
      judge_failure(question, result.error());
    }
  }

  /// What is shown when all have long been well again: the truth.
  void judge_last(const std::string& directory,
                  const Result<std::shared_ptr<const Directory>>& listing) const {
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      Rows rows;
      if (listing) {
        for (const DirectoryEntry& entry : (*listing)->entries()) add_rows(rows, m, entry);
      }
      EXPECT_TRUE(is_state(rows, members_[m]->history.at(directory).back()))
          << "member " << m << " is shown with " << describe(rows) << " at last"
          << describe_history(m, directory, members_[m]->history.at(directory).size() - 1);
    }
    EXPECT_TRUE(!listing || (*listing)->complete());
  }

 private:
  using Rows = std::map<std::string, std::optional<ListedRow>>;  ///< nothing: shown as different, no more
  static void add_rows(Rows& rows, MemberIndex m, const DirectoryEntry& entry) {
    for (const ObjectInfo& copy : entry.copies) {
      if (copy.member == m) rows.emplace(entry.name, ListedRow(copy));
    }
    for (const MemberIndex other : entry.divergent) {
      if (other == m) rows.emplace(entry.name, std::nullopt);
    }
  }
  static bool agrees(const std::optional<ListedRow>& shown, const ListedRow& real) {
    return !shown || *shown == real;
  }
  static bool is_state(const Rows& rows, const DirectoryContent& state) {
    if (!state) return rows.empty();
    if (rows.size() != state->size()) return false;
    return std::equal(rows.begin(), rows.end(), state->begin(), [](const auto& shown, const auto& real) {
      return shown.first == real.first && agrees(shown.second, real.second);
    });
  }
  static std::string describe(const Rows& rows) {
    std::string text;
    for (const auto& [name, row] : rows) text += name + " " + (row ? row->etag : "?") + ", ";
    return text;
  }
  std::string describe_history(std::size_t m, const std::string& directory, std::size_t from) const {
    std::string text;
    const auto& past = members_[m]->history.at(directory);
    for (std::size_t i = from; i < past.size(); ++i) {
      Rows rows;
      if (past[i]) rows.insert(past[i]->begin(), past[i]->end());
      text += "\n  " + std::to_string(i) + ": " + (past[i] ? describe(rows) : "(no directory)");
    }
    return text;
  }
  /// Whether the member really lacked the directory, or told nothing yet.
  bool may_be_unknown(const Question& question, std::size_t m) const { return !question.before.told[m]; }
  bool was_ever_absent(std::size_t m, const std::string& directory) const {
    const auto& past = members_[m]->history.at(directory);
    return std::find(past.begin(), past.end(), std::nullopt) != past.end();
  }

  void judge_listing(const Question& question, const Directory& listing) {
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      Rows rows;
      for (const DirectoryEntry& entry : listing.entries()) add_rows(rows, m, entry);
      const auto& past = members_[m]->history.at(question.directory);
      std::size_t state = question.before.shown[m];
      while (state < past.size() && !is_state(rows, past[state])) ++state;
      if (state < past.size()) {
        auto& shown = shown_.at(question.directory)[m];
        shown = std::max(shown, state);
        continue;
      }
      EXPECT_TRUE(rows.empty() && may_be_unknown(question, m))
          << "member " << m << " is shown with what it never had: " << describe(rows) << "\nit had"
          << describe_history(m, question.directory, question.before.shown[m]);
      EXPECT_FALSE(listing.complete()) << "member " << m << " was never heard";
    }
  }

  void judge_entry(const Question& question, const DirectoryEntry& entry) {
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      Rows rows;
      add_rows(rows, m, entry);
      EXPECT_TRUE(had(question, m, rows) || (rows.empty() && may_be_unknown(question, m)))
          << "member " << m << " is shown with what it never had: " << describe(rows) << "\nit had"
          << describe_history(m, question.directory, question.before.shown[m]);
    }
  }
  /// Whether at some time since the last that was shown the member had just this under the question's name.
  bool had(const Question& question, MemberIndex m, const Rows& rows) const {
    const auto& past = members_[m]->history.at(question.directory);
    return std::any_of(past.begin() + static_cast<std::ptrdiff_t>(question.before.shown[m]), past.end(),
                       [&](const DirectoryContent& state) {
                         const bool has = state && state->contains(question.name);
                         if (rows.empty() || !has) return rows.empty() && !has;
                         return agrees(rows.begin()->second, state->at(question.name));
                       });
  }

  void judge_failure(const Question& question, const Error& error) {
    if (error.kind == ErrorKind::not_found) {
      for (MemberIndex m = 0; m < members_.size(); ++m) {
        const bool lacked =
            question.listing ? was_ever_absent(m, question.directory) : had(question, m, Rows());
        EXPECT_TRUE(lacked) << "absent, but member " << m << " has it: " << error.text
                            << describe_history(m, question.directory, question.before.shown[m]);
      }
      return;
    }
    // Unknown: never where a last good listing is at hand that has the answer.
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      if (!question.before.told[m] || was_ever_absent(m, question.directory)) continue;
      const bool always_had_it = question.listing || always_has(question, m);
      EXPECT_FALSE(always_had_it) << "member " << m << " told of it: " << error.text;
    }
  }
  bool always_has(const Question& question, MemberIndex m) const {
    const auto& past = members_[m]->history.at(question.directory);
    return std::all_of(past.begin(), past.end(), [&](const DirectoryContent& state) {
      return state && state->contains(question.name);
    });
  }

  const std::vector<ChangingMember*>& members_;
  const MetadataOptions& options_;
  Duration slack_;
  std::map<std::string, std::vector<std::size_t>> shown_;  ///< by directory and member: see Before
};

}  // namespace balancefs::test
