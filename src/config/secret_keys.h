// One secret of a table and the four keys that it may come from: key, key_file, key_env, key_command.
#pragma once

#include <array>
#include <string>

#include "balancefs/options.h"
#include "config/config_sections.h"
#include "config/secrets.h"
#include "config/section_reader.h"

namespace balancefs {

class SecretKeys {
 public:
  /// The table's spec names all four keys.
  SecretKeys(SectionReader& reader, ConfigReading& reading, const std::string& key)
      : reader_(reader), reading_(reading), keys_{key, key + "_file", key + "_env", key + "_command"} {}

  bool given() const;
  /// Empty: not given, or wrong and reported.
  Secret read();

 private:
  Secret read_from(const std::string& key);
  SecretResult fetch(const std::string& key, const std::string& text);

  SectionReader& reader_;
  ConfigReading& reading_;
  std::array<std::string, 4> keys_;
};

}  // namespace balancefs
