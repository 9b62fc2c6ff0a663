#include "templates/proven.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "operators/operators.h"
#include "templates/document.h"

namespace m8::templates {

std::string join_needs(const std::vector<std::string>& needs) {
  std::string out;
  for (const std::string& need : needs) {
    const auto size = static_cast<std::uint32_t>(need.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += need;
  }
  return out;
}

std::vector<std::string_view> split_needs(std::string_view joined) {
  std::vector<std::string_view> out;
  while (!joined.empty()) {
    std::uint32_t size = 0;
    if (joined.size() < sizeof size) return {};
    std::memcpy(&size, joined.data(), sizeof size);
    joined.remove_prefix(sizeof size);
    if (size > joined.size()) return {};
    out.push_back(joined.substr(0, size));
    joined.remove_prefix(size);
  }
  return out;
}

ProvenTemplate::ProvenTemplate(const Source& source, std::string_view needs,
                               std::shared_ptr<const void> owner, bool brief)
    : owner_(std::move(owner)),
      filled_(source.filled),
      packed_(source.packed),
      needs_(split_needs(needs)),
      brief_(brief) {}

operators::Later ProvenTemplate::block(std::size_t number) const {
  return {shared_from_this(), number, needs_[number]};
}

std::shared_ptr<const model::TemplateInfo> ProvenTemplate::whole_info(
    const std::shared_ptr<const model::TemplateInfo>& brief) const {
  if (!brief_) return brief;
  std::call_once(once_, [&] {
    const auto source = unpack_source(packed_);
    if (!source.ok()) return;
    auto document = read_document(*source, {brief->path, brief->relative_path});
    if (document.ok()) whole_ = std::move(document->info);
  });
  return whole_ ? whole_ : brief;
}

Result<operators::Operators> ProvenTemplate::operators_of(std::size_t block) const {
  const Source source = M8_TRY(unpack_source(packed_));
  const auto node = find_block(source.root, block);
  if (!node) return Error{ErrorCode::kCorrupt, "packed template: a block is missing"};
  return operators::Operators::compile(*node, {}, {});
}

}  // namespace m8::templates
