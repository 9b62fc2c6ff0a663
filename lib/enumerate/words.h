/// The built-in word list: labels that are common in front of a domain.
#pragma once

#include <span>
#include <string_view>

namespace m8::enumerate {

/// Lower case, without duplicates, the likelier ones first.
std::span<const std::string_view> common_labels();

}  // namespace m8::enumerate
