/// Paths: the small language that says where in a JSON reply something is.
///
///     records[].hostname      of each item of an array
///     []                      each item of the document itself
///     results[-1].sort[]      of the last item
///     summary.values{}        the keys of an object
///     FDNS_A[]|RDNS[]         several places
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace m8::enumerate::sources {

/// Calls \p take with every string, number and bool (as text) at \p path, in document order. Null
/// and what is not there count for nothing. O(what the path crosses).
void select_text(const json::Value& root, std::string_view path,
                 const std::function<void(std::string_view)>& take);

/// All of them, joined by ','.
std::string text_at(const json::Value& root, std::string_view path);

/// Calls \p take with every value at \p path, objects and arrays included.
void select_values(const json::Value& root, std::string_view path,
                   const std::function<void(const json::Value&)>& take);

}  // namespace m8::enumerate::sources
