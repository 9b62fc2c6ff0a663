/// The http protocol: blocks of the top-level keys `http:` and `requests:`.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/yaml.h"
#include "protocols/protocol.h"

namespace m8::protocols {

/// Errors as protocols::compile().
Result<std::unique_ptr<Block>> compile_http(const yaml::Node& node, const CompileOptions& options);

}  // namespace m8::protocols
