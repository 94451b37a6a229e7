// What the contract suite is run on: a storage, its loop, and the way to put things into it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "balancefs/storage.h"
#include "support/real_loop.h"

namespace balancefs::test {

class Subject {
 public:
  virtual ~Subject() = default;
  /// File content is ramp_bytes with that seed. Overwrites; then size or seed must differ, and the
  /// modification time moves on visibly.
  virtual void add_file(const std::string& path, std::uint64_t size, std::uint32_t seed = 0) = 0;
  virtual void add_directory(const std::string& path) = 0;
  /// From now on the storage is unavailable.
  virtual void stop() = 0;
  virtual void restart() = 0;
  /// Requests that the storage's transport still has; 0 when there is none.
  virtual std::size_t active_requests() = 0;

  RealLoop loop;
  std::unique_ptr<Storage> storage;
  std::size_t members = 1;         ///< that list each name
  bool ranges = true;              ///< the server serves ranges
  bool any_bytes_in_names = true;  ///< names that are not UTF-8 survive
  bool hides_dot_names = false;    ///< names that begin with '.' are not listed
};

struct SubjectKind {
  std::string name;
  std::unique_ptr<Subject> (*make)(int);
  int argument = 0;
};

void PrintTo(const SubjectKind& kind, std::ostream* out);
std::vector<SubjectKind> all_subjects();

}  // namespace balancefs::test
