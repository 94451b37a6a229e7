#include "balance/accounts.h"

namespace balancefs {

std::shared_ptr<Account> Accounts::of(const StorageOptions& storage) {
  if (!storage.limits.any()) return nullptr;
  // Mount paths begin with '/', so the two never meet.
  const std::string key = storage.account.empty() ? storage.path : "account " + storage.account;
  std::weak_ptr<Account>& known = known_[key];
  if (auto account = known.lock()) {
    account->change(storage.limits);
    return account;
  }
  auto account = std::make_shared<Account>(storage.limits, clock_);
  known = account;
  return account;
}

}  // namespace balancefs
