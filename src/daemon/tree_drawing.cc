#include "daemon/tree_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "balancefs/result.h"
#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

/// A directory of the visible tree; without a group it is virtual.
struct Node {
  const NamingPlan::PlannedGroup* group = nullptr;
  std::map<std::string, Node> children;
};

Node build(const NamingPlan& plan) {
  Node root;
  for (const NamingPlan::PlannedGroup& group : plan.groups) {
    Node* node = &root;
    std::string_view rest = group.visible_path;
    while (!rest.empty()) {
      rest.remove_prefix(1);
      const std::string_view name = rest.substr(0, rest.find('/'));
      rest.remove_prefix(name.size());
      if (!name.empty()) node = &node->children[std::string(name)];
    }
    node->group = &group;
  }
  return root;
}

/// Characters, not bytes: what a terminal needs of columns, near enough.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

/// What is not as usual about a member.
std::string settings(const StorageOptions& storage) {
  std::string text;
  if (storage.weight != 1) text += fmt::format(" weight {}", storage.weight);
  if (storage.tier != 0) text += fmt::format(" tier {}", storage.tier);
  if (!storage.enabled) text += " drained";
  return text.empty() ? text : text.substr(1);
}

class Drawing {
 public:
  Drawing(const Options& options, const std::vector<MemberReport>& reports, bool colours)
      : options_(options), reports_(reports), colours_(colours) {}

  std::string draw(const Node& root) {
    heading("", "/", root);
    below("", root);
    return std::move(out_);
  }

 private:
  using Columns = std::array<std::string, 4>;  // path, type, endpoint, settings

  std::string paint(std::string_view colour, std::string_view text) const {
    if (!colours_ || text.empty()) return std::string(text);
    return fmt::format("{}{}{}", colour, text, kReset);
  }

  void heading(std::string_view lines, std::string_view name, const Node& node) {
    out_ += fmt::format("{}{}", lines, paint(kBold, escape_controls(name)));
    if (node.group != nullptr && node.group->members.size() > 1) {
      out_ += fmt::format("  {}",
                          paint(kDim, fmt::format("{} storages, round-robin", node.group->members.size())));
    }
    out_ += '\n';
  }

  void below(const std::string& indent, const Node& node) {
    if (node.group != nullptr) members(indent + (node.children.empty() ? "   " : "│  "), *node.group);
    std::size_t left = node.children.size();
    for (const auto& [name, child] : node.children) {
      const bool last = --left == 0;
      heading(indent + (last ? "└─ " : "├─ "), name, child);
      below(indent + (last ? "   " : "│  "), child);
    }
  }

  void members(const std::string& indent, const NamingPlan::PlannedGroup& group) {
    std::vector<Columns> rows;
    std::array<std::size_t, 4> widths = {};
    for (const std::size_t index : group.members) {
      const StorageOptions& storage = options_.storages.at(index);
      const std::string endpoint = storage.type == "local" ? storage.root : without_secrets(storage.url);
      Columns row = {escape_controls(storage.path), storage.type, escape_controls(endpoint),
                     settings(storage)};
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
      rows.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) member(indent, rows[i], widths, group.members[i]);
  }

  void member(const std::string& indent, const Columns& row, const std::array<std::size_t, 4>& widths,
              std::size_t index) {
    const MemberReport report = index < reports_.size() ? reports_[index] : MemberReport();
    std::string line = fmt::format("{}{} ", indent, mark(report.state));
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0) continue;
      line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    const std::string text = escape_controls(report.text);
    line += report.state == MemberReport::State::failed ? paint(kRed, text) : paint(kDim, text);
    while (line.ends_with(' ')) line.pop_back();
    out_ += line + '\n';
  }

  std::string mark(MemberReport::State state) const {
    switch (state) {
      case MemberReport::State::untried:
        return "•";
      case MemberReport::State::answers:
        return paint(kGreen, "✓");
      case MemberReport::State::failed:
        return paint(kRed, "✗");
    }
    check_failed(__FILE__, __LINE__, "MemberReport::State is in range");
  }

  const Options& options_;
  const std::vector<MemberReport>& reports_;
  bool colours_;
  std::string out_;
};

}  // namespace

std::string draw_tree(const Options& options, const NamingPlan& plan,
                      const std::vector<MemberReport>& reports, bool colours) {
  return Drawing(options, reports, colours).draw(build(plan));
}

}  // namespace balancefs
