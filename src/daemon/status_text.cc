#include "daemon/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace balancefs {
namespace {

enum class Mood : std::uint8_t { plain, good, warning, bad, quiet };

std::string_view sequence(Mood mood) {
  switch (mood) {
    case Mood::plain:
      return "";
    case Mood::good:
      return "\033[32m";
    case Mood::warning:
      return "\033[33m";
    case Mood::bad:
      return "\033[31m";
    case Mood::quiet:
      return "\033[2m";
  }
  return "";
}

/// Code points: what a terminal shows in one column, but for wide and combining ones.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((text[end] & 0xC0) != 0x80 && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string size_words(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes)
                   : fmt::format("{:.{}f} {}", bytes, bytes < 10 ? 1 : 0, kUnits[unit]);
}

std::string time_words(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, std::round(seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min", whole / 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} days", whole / 86400);
}

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

/// Lines whose columns stand below each other, one of them coloured.
class Page {
 public:
  explicit Page(const StatusStyle& style) : style_(style) {}

  void line(std::string text, Mood mood = Mood::plain) {
    text = escape_controls(text);
    if (style_.width > 0) text = cut(text, style_.width);
    paint(text, mood);
    text_ += "\n";
  }
  void gap() { text_ += "\n"; }

  struct Row {
    std::vector<std::string> cells;
    Mood mood = Mood::plain;  ///< of the second cell
  };
  void table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
      widths.resize(std::max(widths.size(), row.cells.size()));
      // The last cell of a row is as long as it is.
      for (std::size_t i = 0; i + 1 < row.cells.size(); ++i)
        widths[i] = std::max(widths[i], columns(escape_controls(row.cells[i])));
    }
    for (const Row& row : rows) add(row, widths);
  }
  std::string take() { return std::move(text_); }

 private:
  void paint(std::string_view text, Mood mood) {
    const bool coloured = style_.colours && mood != Mood::plain;
    if (coloured) text_ += sequence(mood);
    text_ += text;
    if (coloured) text_ += "\033[0m";
  }
  void add(const Row& row, const std::vector<std::size_t>& widths) {
    std::size_t left = style_.width > 0 ? style_.width : std::string::npos;
    for (std::size_t i = 0; i < row.cells.size() && left > 2; ++i) {
      std::string cell = escape_controls(row.cells[i]);
      if (i + 1 < row.cells.size()) cell.append(widths[i] - columns(cell), ' ');
      text_ += "  ";
      left -= 2;
      cell = cut(cell, left);
      left -= columns(cell);
      paint(cell, i == 1 ? row.mood : Mood::plain);
    }
    while (text_.ends_with(' ')) text_.pop_back();
    text_ += "\n";
  }

  const StatusStyle& style_;
  std::string text_;
};

struct Condition {
  std::string word;
  Mood mood = Mood::good;
  std::string why;
};

Condition condition_of(const MemberSnapshot& member, double now) {
  if (member.state != "closed") {
    std::string why = fmt::format("for {}: {}", time_words(now - member.since), member.reason);
    if (member.next_probe) why += fmt::format("; probed in {}", time_words(*member.next_probe - now));
    return {member.state == "open" ? "out" : "probed", Mood::bad, why};
  }
  if (member.drained) return {"drained", Mood::warning, "gets no new files"};
  if (member.throttled_until) {
    return {"throttled", Mood::warning, fmt::format("for {}", time_words(*member.throttled_until - now))};
  }
  if (member.emptied)
    return {"emptied", Mood::bad, "its root lists nothing; 'balancefs refresh' believes that"};
  if (member.lagging)
    return {"lagging", Mood::warning, "its listings come late; the last good ones are shown"};
  return {"ok", Mood::good, ""};
}

std::string errors_of(const MemberSnapshot& member) {
  std::string text;
  for (const auto& [kind, count] : member.errors)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kind);
  return text;
}

std::string words_of(const FailureSnapshot& failure, double now) {
  return fmt::format("last {} ago: {} {}: {} [#{}]", time_words(now - failure.time), failure.operation,
                     failure.path, failure.cause, failure.id);
}

Page::Row row_of(const MemberSnapshot& member, double now) {
  const Condition condition = condition_of(member, now);
  Page::Row row;
  row.mood = condition.mood;
  row.cells = {member.name,
               condition.word,
               counted(member.opens, "open"),
               fmt::format("{} running", member.running),
               size_words(member.rate) + "/s",
               size_words(static_cast<double>(member.bytes))};
  std::string more = condition.why;
  const auto add = [&more](const std::string& text) {
    if (!text.empty()) more += (more.empty() ? "" : "; ") + text;
  };
  if (member.first_byte_p50) add(fmt::format("first byte {:.0f} ms", *member.first_byte_p50 * 1000));
  if (member.waiting > 0) add(fmt::format("{} waiting", member.waiting));
  if (member.tier > 0) add(fmt::format("tier {}", member.tier));
  if (!member.errors.empty()) add("failed: " + errors_of(member));
  if (member.last_failure) add(words_of(*member.last_failure, now));
  row.cells.push_back(more);
  return row;
}

void add_group(Page& page, const GroupSnapshot& group, double now) {
  std::string head = group.path;
  if (group.members.size() > 1) head += "  " + group.policy;
  if (group.stripe) head += ", stripe";
  if (group.hedge) head += ", hedge";
  page.gap();
  page.line(head);
  std::vector<Page::Row> rows;
  for (const MemberSnapshot& member : group.members) rows.push_back(row_of(member, now));
  page.table(rows);
  if (group.divergent == 0) return;
  page.line(fmt::format("  {} with copies that differ, such as {}", counted(group.divergent, "path"),
                        group.divergent_paths.empty() ? "" : group.divergent_paths.front()),
            Mood::warning);
}

void add_files(Page& page, const Snapshot& snapshot, std::size_t most) {
  if (snapshot.handles.empty()) return;
  page.gap();
  page.line(fmt::format("open files: {}", snapshot.open_files));
  std::vector<Page::Row> rows;
  for (const HandleSnapshot& handle : snapshot.handles) {
    if (rows.size() == most) break;
    const double share =
        handle.size == 0 ? 100
                         : 100.0 * static_cast<double>(handle.position) / static_cast<double>(handle.size);
    Page::Row row;
    row.cells = {fmt::format("{:3.0f} %", share), handle.member.empty() ? "-" : handle.member,
                 "/" + handle.path};
    rows.push_back(std::move(row));
  }
  page.table(rows);
  if (snapshot.open_files > rows.size())
    page.line(fmt::format("  and {} more", snapshot.open_files - rows.size()), Mood::quiet);
}

void add_journal(Page& page, const Snapshot& snapshot, std::size_t most) {
  if (snapshot.journal.empty()) return;
  page.gap();
  page.line("recently");
  const std::size_t first = snapshot.journal.size() - std::min(most, snapshot.journal.size());
  std::vector<Page::Row> rows;
  for (std::size_t i = snapshot.journal.size(); i > first; --i) {
    const TransitionSnapshot& change = snapshot.journal[i - 1];
    Page::Row row;
    const std::string times = change.times > 1 ? fmt::format(", {} times", change.times) : "";
    row.cells = {time_words(snapshot.now - change.last) + " ago", change.member,
                 fmt::format("{} → {}", change.from, change.to), change.reason + times};
    rows.push_back(std::move(row));
  }
  page.table(rows);
}

std::string caches(const Snapshot& snapshot) {
  const auto both = [](std::uint64_t used, std::uint64_t size) {
    return fmt::format("{} of {}", size_words(static_cast<double>(used)),
                       size_words(static_cast<double>(size)));
  };
  std::string text = "memory " + both(snapshot.memory.used, snapshot.memory.budget);
  if (snapshot.disk && snapshot.disk->state == "on") {
    text += ", disk " + both(snapshot.disk->used, snapshot.disk->size);
  } else if (snapshot.disk) {
    text += ", disk cache " + snapshot.disk->state;
  }
  if (snapshot.slow_turns > 0) {
    text += fmt::format(", {} (longest {:.0f} ms)", counted(snapshot.slow_turns, "slow turn"),
                        snapshot.longest_turn * 1000);
  }
  return text;
}

}  // namespace

std::string status_text(const Snapshot& snapshot, const StatusStyle& style) {
  Page page(style);
  page.line(fmt::format("{}  balancefs {}, pid {}, up {}", snapshot.mountpoint, snapshot.version,
                        snapshot.pid, time_words(snapshot.now - snapshot.started)));
  page.line(caches(snapshot), Mood::quiet);
  if (!snapshot.page.empty()) page.line(snapshot.page, Mood::quiet);
  for (const GroupSnapshot& group : snapshot.groups) add_group(page, group, snapshot.now);
  add_files(page, snapshot, style.most_files);
  add_journal(page, snapshot, style.most_changes);
  return page.take();
}

}  // namespace balancefs
