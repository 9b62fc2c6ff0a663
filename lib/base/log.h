/// Loggers: one per room, key=value fields, to stderr. Never secrets, keys or URLs with passwords.
///
///     log::get("dns")->warn("resolver quarantined resolver={} loss={:.2f}", address, loss);
#pragma once

#include <memory>
#include <string>

#include <spdlog/spdlog.h>

namespace m8::log {

/// The logger of \p room, made at first use. Shared: spdlog's registry and every holder own it.
std::shared_ptr<spdlog::logger> get(const std::string& room);

/// Sets the level of every logger, present and future. Before it, only warnings and errors show.
void set_level(spdlog::level::level_enum level);

}  // namespace m8::log
