/// The protocols that templates may use, and the one place that tells them apart.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/yaml.h"
#include "protocols/protocol.h"

namespace m8::protocols {

/// Compiles one entry of the list under top-level key \p protocol ("http", "requests" for short).
/// kInvalidArgument: the template is invalid (templates 1.2), with the reason. kUnsupported: it is
/// well-formed but names something that can't be run yet: the message is the feature's name
/// ("dns", "race", "interactsh", "xpath matcher").
Result<std::unique_ptr<Block>> compile(std::string_view protocol, const yaml::Node& node,
                                       const CompileOptions& options);

/// True if \p key is a top-level key that holds blocks of some protocol, ours or not.
bool is_protocol(std::string_view key);

}  // namespace m8::protocols
