// What the origin holds, and its answers to honest questions. Pure, but for its own state.
#pragma once

#include <map>
#include <string>

#include "support/origin.h"

namespace balancefs::test {

struct OriginNode {
  bool directory = false;
  std::uint64_t size = 0;
  std::uint32_t seed = 0;
  int revision = 1;

  OriginNode() = default;
};

class OriginTree {
 public:
  OriginTree() { nodes[""].directory = true; }
  void add(std::string_view path, OriginNode node);
  /// Null when there is none. `path` with or without slashes around it.
  const OriginNode* find(const std::string& path) const;

  OriginReply multistatus(const OriginRequest& request, const OriginLies& lies) const;
  /// GET and HEAD of a file.
  OriginReply file(const OriginRequest& request, const OriginNode& node, const OriginLies& lies) const;

  std::map<std::string, OriginNode> nodes;  ///< by path without leading slash; the root is ""
  std::string etag_prefix;

 private:
  std::string etag(const OriginNode& node) const;
  std::string properties(const std::string& path, const OriginNode& node, const OriginLies& lies) const;
};

}  // namespace balancefs::test
