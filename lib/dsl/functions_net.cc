#include "dsl/function.h"
namespace m8::dsl {
std::span<const Function> net_functions() { return {}; }
}  // namespace m8::dsl
