#include "base/log.h"

#include <mutex>

#include <spdlog/sinks/stdout_color_sinks.h>

namespace m8::log {
namespace {

std::mutex& registry_mutex() {
  static std::mutex mutex;
  return mutex;
}

spdlog::level::level_enum& current_level() {
  static spdlog::level::level_enum level = spdlog::level::warn;
  return level;
}

}  // namespace

std::shared_ptr<spdlog::logger> get(const std::string& room) {
  std::lock_guard lock(registry_mutex());
  if (auto logger = spdlog::get(room)) return logger;
  auto logger = spdlog::stderr_color_mt(room);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %n: %v");
  logger->set_level(current_level());
  return logger;
}

void set_level(spdlog::level::level_enum level) {
  std::lock_guard lock(registry_mutex());
  current_level() = level;
  spdlog::apply_all([level](const std::shared_ptr<spdlog::logger>& l) { l->set_level(level); });
}

}  // namespace m8::log
