/// Settings of the cache as flags, config keys and environment variables.
///
/// Threads: plain functions, no state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cache/registry.h"
#include "cli/flag.h"

namespace m8::cache {

/// --cache-url and the settings cache.*: of every command that shares what it keeps.
std::vector<cli::Flag> cache_settings();

/// REQUIRES, both: cache_settings() were declared.
BackendOptions backend_options(const cli::Values& flags);
/// Opens what --cache-url says, with the system's clock; null without one: then what is kept is
/// kept in this process, or in files, as before. Errors of open_backend().
Result<std::unique_ptr<Backend>> open_chosen(const cli::Values& flags);
/// For what shall outlast the process: what --cache-url says, else files in files_folder(); null if
/// there is neither.
Result<std::unique_ptr<Backend>> open_lasting(const cli::Values& flags);
/// "m8" in the user's folder of caches; empty without a home.
std::string files_folder();

}  // namespace m8::cache
