/// Settings of the broker as flags, config keys and environment variables.
///
/// Threads: plain functions, no state.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "queue/registry.h"
#include "queue/topology.h"

namespace m8::queue {

/// --queue-url and the settings queue.*: of every command that opens a broker.
std::vector<cli::Flag> queue_settings();

/// REQUIRES, all: queue_settings() were declared.

/// What --queue-url says; empty: in this process.
std::string chosen_url(const cli::Values& flags);
BrokerOptions broker_options(const cli::Values& flags, BrokerOptions options = {});
/// Bounds of work queues.
QueueSpec queue_limits(const cli::Values& flags);
Names chosen_names(const cli::Values& flags);
std::uint16_t chosen_prefetch(const cli::Values& flags);
/// Opens what --queue-url says, with the system's clock. Errors of open_broker().
Result<std::unique_ptr<Broker>> open_chosen(const cli::Values& flags, std::stop_token stop);

}  // namespace m8::queue
