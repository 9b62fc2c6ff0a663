/// Fields: reading a template block's YAML map with Go's typing rules (templates 1.3).
///
/// Every error is kInvalidArgument "line N: key: reason". An absent or null key gives the default.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace m8::operators {

/// "line N: what" as kInvalidArgument.
Error invalid(const yaml::Node& node, std::string_view what);

/// Source text of scalar \p key; an error if it is a list or a map.
Result<std::string> text_field(const yaml::Node& map, std::string_view key);
Result<bool> bool_field(const yaml::Node& map, std::string_view key, bool fallback = false);
Result<std::int64_t> int_field(const yaml::Node& map, std::string_view key, std::int64_t fallback);
/// A list of scalars as text.
Result<std::vector<std::string>> list_field(const yaml::Node& map, std::string_view key);
/// A list of integers.
Result<std::vector<std::int64_t>> int_list_field(const yaml::Node& map, std::string_view key);
/// Items of list \p key; empty if absent. Borrowed from \p map.
Result<std::vector<const yaml::Node*>> items_of(const yaml::Node& map, std::string_view key);

/// One of \p words (any case, trimmed), as its index; \p fallback if absent.
Result<std::size_t> word_field(const yaml::Node& map, std::string_view key,
                               std::initializer_list<std::string_view> words, std::size_t fallback);

/// Text of a scalar that YAML types: 010 is "8", 1.10 is "1.1", a date is a time (templates 1.3.2),
/// null and what is no scalar are empty.
std::string typed_text(const yaml::Node& node);

}  // namespace m8::operators
