#include "web/metrics_text.h"

#include <fmt/format.h>

#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "balancefs/error.h"
#include "web/metrics.h"

namespace balancefs {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

/// Label values: a backslash, a quote and a line end are escaped.
void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
  }
}

class Writer {
 public:
  template <class Row>
  void head(const Row& row) {
    const std::string_view kind = row.kind == MetricKind::counter ? "counter" : "gauge";
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name,
                   kind);
  }
  void sample(std::string_view name, const Labels& labels, double value) {
    text_ += name;
    char mark = '{';
    for (const auto& [label, content] : labels) {
      text_ += mark;
      text_ += label;
      text_ += "=\"";
      append_escaped(text_, content);
      text_ += '"';
      mark = ',';
    }
    if (!labels.empty()) text_ += '}';
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
  /// One sample for each of the words, 1 for the one that holds.
  void state(const LabelledMetric& row, std::span<const std::string_view> words, std::string_view holds,
             Labels labels) {
    labels.emplace_back(row.label, "");
    for (const std::string_view word : words) {
      labels.back().second = word;
      sample(row.name, labels, word == holds ? 1 : 0);
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Of one object, without labels.
template <class Rows, class From>
void write(Writer& writer, const Rows& rows, const From& from) {
  for (const auto& row : rows) {
    const MetricValue value = row.value(from);
    if (!value) continue;
    writer.head(row);
    writer.sample(row.name, {}, *value);
  }
}

void write_groups(Writer& writer, const Snapshot& snapshot) {
  for (const auto& row : metric::kGroup) {
    writer.head(row);
    for (const GroupSnapshot& group : snapshot.groups)
      writer.sample(row.name, {{"group", group.path}}, row.value(group).value_or(0));
  }
}

/// Calls `visit(member, labels)` for the members of all groups.
template <class Visit>
void for_each_member(const Snapshot& snapshot, Visit visit) {
  for (const GroupSnapshot& group : snapshot.groups) {
    for (const MemberSnapshot& member : group.members)
      visit(member, Labels{{"group", group.path}, {"member", member.name}});
  }
}

void write_error_counts(Writer& writer, const MemberSnapshot& member, Labels labels) {
  labels.emplace_back(metric::kMemberErrors.label, "");
  for (std::size_t kind = 0; kind < kErrorKinds; ++kind) {
    labels.back().second = to_string(static_cast<ErrorKind>(kind));
    const auto found = member.errors.find(std::string(labels.back().second));
    const std::uint64_t count = found == member.errors.end() ? 0 : found->second;
    writer.sample(metric::kMemberErrors.name, labels, static_cast<double>(count));
  }
}

void write_members(Writer& writer, const Snapshot& snapshot) {
  writer.head(metric::kMember);
  for_each_member(snapshot, [&](const MemberSnapshot& member, Labels labels) {
    labels.emplace_back(metric::kMember.label, member.type);
    labels.emplace_back("endpoint", member.endpoint);
    writer.sample(metric::kMember.name, labels, 1);
  });
  writer.head(metric::kMemberState);
  for_each_member(snapshot, [&](const MemberSnapshot& member, const Labels& labels) {
    writer.state(metric::kMemberState, metric::kMemberStates, member.state, labels);
  });
  writer.head(metric::kMemberErrors);
  for_each_member(snapshot, [&](const MemberSnapshot& member, const Labels& labels) {
    write_error_counts(writer, member, labels);
  });
  for (const auto& row : metric::kMembers) {
    writer.head(row);
    for_each_member(snapshot, [&](const MemberSnapshot& member, const Labels& labels) {
      if (const MetricValue value = row.value(member)) writer.sample(row.name, labels, *value);
    });
  }
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  Writer writer;
  writer.head(metric::kBuild);
  writer.sample(metric::kBuild.name, {{metric::kBuild.label, snapshot.version}}, 1);
  write(writer, metric::kDaemon, snapshot);
  write_groups(writer, snapshot);
  write_members(writer, snapshot);
  if (snapshot.disk) {
    writer.head(metric::kDiskState);
    writer.state(metric::kDiskState, metric::kDiskStates, snapshot.disk->state, {});
    write(writer, metric::kDisk, *snapshot.disk);
  }
  if (snapshot.metadata) {
    writer.head(metric::kMetadataState);
    writer.state(metric::kMetadataState, metric::kMetadataStates, snapshot.metadata->state, {});
    write(writer, metric::kMetadata, *snapshot.metadata);
  }
  return writer.take();
}

}  // namespace balancefs
