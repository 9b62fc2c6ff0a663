/// The passive sources.
#pragma once

#include <span>
#include <string_view>

#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

/// All of them, by name.
std::span<const Source* const> registry();
/// Null if there is none of that name.
const Source* find_source(std::string_view name);

}  // namespace m8::enumerate::sources
