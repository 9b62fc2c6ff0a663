/// Compressed bodies, as Accept-Encoding asks for them.
///
/// Threads: plain functions.
#pragma once

#include <string_view>

#include "serve/routes.h"

namespace m8::serve {

enum class Coding { kNone, kGzip, kBrotli };

/// The best coding that \p accept_encoding allows: br, else gzip, by its weights (RFC 9110 12.5.3).
Coding accepted_coding(std::string_view accept_encoding);

/// Codes the body of \p response, says so in Content-Encoding, and names Accept-Encoding in Vary.
/// Leaves alone what is short, coded already, a stream, or would not get smaller.
void compress(Response& response, Coding coding);

}  // namespace m8::serve
