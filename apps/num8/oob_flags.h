/// The flags about out-of-band interactions (cli-and-output 1.10), and what they come to.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "cli/flag.h"
#include "http/session.h"
#include "oob/receiver.h"
#include "templates/catalog.h"

namespace m8::num8 {

std::vector<cli::Flag> oob_flags();

/// Empty with -ni.
std::optional<oob::ReceiverOptions> oob_options(const cli::Values& flags);

/// A scan's interaction server.
struct OobConnection {
  std::unique_ptr<oob::Receiver> receiver;  ///< null: there is none, or nobody needs it
  std::size_t skipped = 0;                  ///< templates that were left out for want of one
};

/// Registers if some template of \p catalog needs it. If no server takes us, says why, and names
/// the templates that need one and takes them out of \p catalog. \p session is borrowed.
OobConnection connect_oob(const cli::Context& context, const oob::ReceiverOptions& options,
                          http::Session& session, templates::Catalog& catalog,
                          std::stop_token stop);

/// Says what went wrong in the end, if something did.
void report_oob(const cli::Context& context, const oob::Receiver& receiver);

}  // namespace m8::num8
