/// ProvenTemplate: a template that is known to compile, because it did so before, unchanged.
///
/// Its operators are compiled when they are first used, from the tree in the cache; until then what
/// they need (operators/need.h) answers for them. Immutable, thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/finding.h"
#include "operators/later.h"
#include "templates/source.h"

namespace m8::templates {

/// The needs of a template's blocks, in their order, as one text for the cache.
std::string join_needs(const std::vector<std::string>& needs);
/// Those of join_needs(), borrowed; empty for other bytes.
std::vector<std::string_view> split_needs(std::string_view joined);

class ProvenTemplate final : public operators::LaterSource,
                             public std::enable_shared_from_this<ProvenTemplate> {
 public:
  /// \p source is one of unpack_source(); \p owner keeps what it was read from and \p needs alive.
  /// \p brief: so was the document read.
  ProvenTemplate(const Source& source, std::string_view needs, std::shared_ptr<const void> owner,
                 bool brief);

  /// Blocks whose needs are known.
  std::size_t blocks() const { return needs_.size(); }
  /// For block number \p number < blocks().
  operators::Later block(std::size_t number) const;
  /// All of \p brief, which is what was read first. Any thread.
  std::shared_ptr<const model::TemplateInfo> whole_info(
      const std::shared_ptr<const model::TemplateInfo>& brief) const;
  Result<operators::Operators> operators_of(std::size_t block) const override;

 private:
  const std::shared_ptr<const void> owner_;          ///< shared by the templates of a cache
  const std::shared_ptr<const std::string> filled_;  ///< of the source
  const std::string_view packed_;
  const std::vector<std::string_view> needs_;
  const bool brief_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const model::TemplateInfo> whole_;
};

}  // namespace m8::templates
