/// Extractor: values taken out of an answer, compiled once (templates 7).
///
/// Immutable, thread-safe. One file per type: extract_<type>.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "dsl/value.h"
#include "operators/matcher.h"
#include "operators/parts.h"

namespace m8::operators {

struct ExtractorFields {
  std::string type, name;
  std::string part = "body";
  bool internal = false;
  bool case_insensitive = false;
};

class Extractor {
 public:
  explicit Extractor(ExtractorFields fields) : fields_(std::move(fields)) {}
  virtual ~Extractor() = default;

  /// The values without duplicates, in order of first appearance.
  dsl::List extract(const Parts& parts, Context& context) const;

  /// What extract() gives no value without.
  virtual Need need() const { return {}; }

  const ExtractorFields& fields() const { return fields_; }

 protected:
  /// May give duplicates.
  virtual dsl::List values(const Parts& parts, Context& context) const = 0;

  const ExtractorFields fields_;
};

using ExtractorResult = Result<std::unique_ptr<Extractor>>;

/// Of operators/extract_<type>.cc; kInvalidArgument if the values are no good.
ExtractorResult compile_regex_extractor(ExtractorFields fields, const yaml::Node& node);
ExtractorResult compile_kval_extractor(ExtractorFields fields, const yaml::Node& node);
ExtractorResult compile_dsl_extractor(ExtractorFields fields, const yaml::Node& node);
ExtractorResult compile_json_extractor(ExtractorFields fields, const yaml::Node& node);
ExtractorResult compile_xpath_extractor(ExtractorFields fields, const yaml::Node& node);

/// Drops later duplicates, keeps the order.
void drop_duplicates(dsl::List& values);

}  // namespace m8::operators
