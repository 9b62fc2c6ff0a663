#include "protocols/registry.h"

#include <algorithm>
#include <array>

#include "protocols/http.h"

namespace m8::protocols {
namespace {

/// A protocol: its top-level key and who compiles its blocks (null: not yet).
struct Protocol {
  std::string_view key;
  Result<std::unique_ptr<Block>> (*compile)(const yaml::Node&, const CompileOptions&);
};

constexpr std::array kProtocols{
    Protocol{"http", compile_http},  Protocol{"requests", compile_http},
    Protocol{"dns", nullptr},        Protocol{"tcp", nullptr},
    Protocol{"network", nullptr},    Protocol{"ssl", nullptr},
    Protocol{"file", nullptr},       Protocol{"headless", nullptr},
    Protocol{"websocket", nullptr},  Protocol{"whois", nullptr},
    Protocol{"javascript", nullptr}, Protocol{"code", nullptr},
};

const Protocol* find_protocol(std::string_view key) {
  const auto* found = std::find_if(kProtocols.begin(), kProtocols.end(),
                                   [key](const Protocol& protocol) { return protocol.key == key; });
  return found == kProtocols.end() ? nullptr : found;
}

}  // namespace

Result<std::unique_ptr<Block>> compile(std::string_view protocol, const yaml::Node& node,
                                       const CompileOptions& options) {
  const Protocol* known = find_protocol(protocol);
  if (known == nullptr) {
    return Error{ErrorCode::kInvalidArgument, "unknown protocol " + std::string(protocol)};
  }
  if (known->compile == nullptr) return Error{ErrorCode::kUnsupported, std::string(known->key)};
  return known->compile(node, options);
}

bool is_protocol(std::string_view key) { return find_protocol(key) != nullptr; }

}  // namespace m8::protocols
