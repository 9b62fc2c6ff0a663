/// Source: the text of one template file as a tree, before anything is made of it (templates.md
/// 1.1, 1.6). Packed it can be kept, which saves reading the YAML again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/yaml.h"

namespace m8::templates {

struct Source {
  yaml::Tree root;    ///< a map; its keys are known ones, each once
  bool json = false;  ///< the file is JSON: its variables are evaluated once (2.4.2)
  /// What unpack_source() read, with its random texts filled in; empty if the text was parsed.
  std::string_view packed;
  std::shared_ptr<const std::string> filled;  ///< owner of `packed` if anything was; else null
};

/// Reads \p text. Each distinct {{randstr}} and {{randstr_x}} becomes one random text of 27 letters
/// and digits (1.6). kInvalidArgument with the reference's reason (1.2): a broken document, an
/// unknown key or a duplicate one; kExhausted above the caps of yaml::parse(). Never throws,
/// whatever the bytes. \p packed, if not null, gets what unpack_source() takes.
Result<Source> parse_source(std::string_view text, std::string* packed = nullptr);

/// As it was parsed, but with random texts of its own. Borrows \p packed. kCorrupt for bytes of
/// another origin.
Result<Source> unpack_source(std::string_view packed);

/// \p text with random texts for its {{randstr}}s.
std::string fill_random_strings(std::string_view text);

}  // namespace m8::templates
