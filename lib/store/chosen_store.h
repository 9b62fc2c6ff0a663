/// The store that a command was told to use, for commands that manage what is stored.
#pragma once

#include <memory>
#include <string>

#include "cli/flag.h"
#include "store/store.h"

namespace m8::store {

/// REQUIRES, both: store_settings() were declared.

/// What --store says, else the default place of this user.
std::string chosen_url(const cli::Values& flags);
/// Opens it. With must_exist, kNotFound says which command makes a store. Errors of open_store().
Result<std::unique_ptr<Store>> open_chosen(const cli::Values& flags, OpenOptions options);

}  // namespace m8::store
