// One function per table of the configuration file. Each reports what it does not like and goes on.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "balancefs/options.h"

namespace balancefs {

class SectionReader;

/// What the sections share while one file is read.
struct ConfigReading {
  std::string folder;  ///< of the file; relative paths begin there
  std::vector<ConfigProblem> problems;
  /// Lines with a password or token written out.
  std::vector<int> literal_secrets;

  ConfigReading() = default;
};

void read_mount_section(const toml::table& table, ConfigReading& reading, MountOptions& mount);
void read_cache_section(const toml::table& table, ConfigReading& reading, CacheOptions& cache);
void read_metadata_section(const toml::table& table, ConfigReading& reading, MetadataOptions& metadata);
void read_read_section(const toml::table& table, ConfigReading& reading, ReadOptions& read);
void read_log_section(const toml::table& table, ConfigReading& reading, LogOptions& log);
/// control_section.cc.
void read_control_section(const toml::table& table, ConfigReading& reading, ControlOptions& control);
/// `path`: the table's name, "/pt".
void read_group_section(const std::string& path, const toml::table& table, ConfigReading& reading,
                        Options& options);
/// The limits of one [[storage]]; those of its account may be given by another. limits_section.cc.
void read_limits(SectionReader& reader, StorageOptions& storage, const Options& options);
/// Once all storages are read: what one storage of an account gives holds for all of them.
void share_limits(Options& options);
/// One [[storage]]; storage_section.cc.
void read_storage_section(const toml::table& table, ConfigReading& reading, Options& options);

}  // namespace balancefs
