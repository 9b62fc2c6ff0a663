/// A Need as bytes: kept with a template, so that most answers can be ruled out before its
/// operators were ever compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "operators/need.h"

namespace m8::operators {

/// Appends \p need to \p out.
void pack_need(const Need& need, std::string& out);

/// Nothing for other bytes.
std::optional<Need> unpack_need(std::string_view bytes);

/// True if an answer with \p status and \p text (head and body as fold() gives them) lacks what the
/// need in \p bytes asks for. False for other bytes. Allocates nothing.
bool rules_out(std::string_view bytes, std::int64_t status, std::string_view text);
/// The same by the status alone.
bool rules_out(std::string_view bytes, std::int64_t status);

}  // namespace m8::operators
