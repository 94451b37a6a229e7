// The accounts of a mount by name, so that storages with the same `account` share one, and a configuration
// that is loaded again goes on with what is under way. Loop thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "balance/account.h"

namespace balancefs {

class Accounts {
 public:
  /// The clock outlives the accounts.
  explicit Accounts(Clock& clock) : clock_(clock) {}
  /// The account of a storage, with the limits that it gives; null for one without limits.
  std::shared_ptr<Account> of(const StorageOptions& storage);

 private:
  Clock& clock_;
  std::map<std::string, std::weak_ptr<Account>> known_;  ///< by name, or by mount path
};

}  // namespace balancefs
