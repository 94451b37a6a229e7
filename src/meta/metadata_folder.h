// The folder of the kept metadata: ours, and one daemon's at a time.
//
// It stands beside the disk cache's folder and not in it, so that it is there in memory mode too. Nothing but
// files with our names is ever touched. The lock ends with the process, whatever ends it. Blocking.
#pragma once

#include <string>
#include <utility>

namespace balancefs {

class MetadataFolder {
 public:
  enum class State {
    open,
    in_use,    ///< by another process
    full,      ///< the disk is
    unusable,  ///< `why`
  };

  MetadataFolder() = default;
  MetadataFolder(const MetadataFolder&) = delete;
  MetadataFolder& operator=(const MetadataFolder&) = delete;
  ~MetadataFolder();

  /// Makes the folder when it is not there, and locks it. May be called again after `in_use` and `full`.
  State open(const std::string& path);
  const std::string& why() const { return why_; }
  /// The database's file; SQLite's own lie beside it.
  std::string file() const { return path_ + "/listings.sqlite"; }
  /// Removes the database's file unless it is a plain file of ours: what lies there was put there.
  void refuse_foreign_file() const;
  void remove_files() const;

 private:
  State refuse(std::string why);
  State refuse(int code);

  std::string path_;
  std::string why_;
  int lock_ = -1;
};

}  // namespace balancefs
