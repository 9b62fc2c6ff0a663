/// The types of matchers and extractors: the only place that tells them apart.
#pragma once

#include "operators/extractor.h"
#include "operators/matcher.h"

namespace m8::operators {

/// Compiles one entry of `matchers:`. kInvalidArgument: unknown type, a key that the type does not
/// have ("matcher word has unexpected fields: dsl"), a value that does not compile.
MatcherResult compile_matcher(const yaml::Node& node);

/// Compiles one entry of `extractors:`. kInvalidArgument as above.
ExtractorResult compile_extractor(const yaml::Node& node);

}  // namespace m8::operators
