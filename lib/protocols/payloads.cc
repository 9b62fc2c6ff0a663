#include "protocols/payloads.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include "base/file.h"
#include "dsl/render.h"
#include "operators/fields.h"

namespace m8::protocols {
namespace {

namespace fs = std::filesystem;

/// Users that may come first with their own name for a password.
constexpr std::size_t kMostLikely = 100'000;
using operators::invalid;

Error no_elements(const std::string& path, const std::string& name) {
  return {
      ErrorCode::kInvalidArgument,
      fmt::format("the {} file for payload {} does not exist or does not contain enough elements",
                  path, name)};
}

Result<PayloadValues> read_payload_file(const std::string& name, const std::string& path,
                                        const CompileOptions& options) {
  auto found = find_payload_file(path, options);
  if (!found && found.error().code == ErrorCode::kDenied) {
    return Error{ErrorCode::kInvalidArgument, found.error().message};
  }
  if (!found) return no_elements(path, name);
  auto values = M8_TRY(PayloadValues::of_file(*found));
  if (values.size() == 0) return no_elements(path, name);
  return values;
}

std::vector<std::string> item_texts(const yaml::Node& list) {
  std::vector<std::string> out;
  for (const yaml::Node& item : list.items()) out.push_back(operators::typed_text(item));
  return out;
}

/// low, medium, high: the wanted level and all below it.
Result<std::vector<std::string>> aggression_values(const yaml::Node& map,
                                                   const std::string& wanted) {
  std::vector<std::string> out;
  for (const char* level : {"low", "medium", "high"}) {
    if (const yaml::Node* list = map.find(level)) {
      std::vector<std::string> texts = item_texts(*list);
      out.insert(out.end(), texts.begin(), texts.end());
    }
    if (wanted == level) break;
  }
  if (out.empty()) return invalid(map, "payloads: expected lists under low, medium, high");
  return out;
}

Result<PayloadValues> read_values(const std::string& name, const yaml::Node& node,
                                  const CompileOptions& options) {
  if (node.is_sequence()) return PayloadValues(item_texts(node));
  if (node.is_map()) return PayloadValues(M8_TRY(aggression_values(node, options.aggression)));
  if (!node.is_scalar()) return invalid(node, fmt::format("payload {} has no values", name));
  if (node.text().find('\n') != std::string::npos)
    return PayloadValues(split_lines(node.text(), true));
  return read_payload_file(name, node.str(), options);
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// Of the folder that the thread asked for last it is known.
const fs::path& real_folder(const fs::path& folder) {
  thread_local fs::path known, real;
  if (known != folder) {
    std::error_code ignored;
    real = fs::weakly_canonical(folder, ignored);
    known = folder;
  }
  return real;
}

Status check_sandbox(const fs::path& file, const CompileOptions& options) {
  if (options.local_file_access) return {};
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(file, ignored);
  const fs::path root = options.templates_root;
  if (!root.empty() && is_inside(real, real_folder(root))) return {};
  const fs::path own = fs::path(options.template_path).parent_path();
  if (!own.empty() && is_inside(real, fs::weakly_canonical(own, ignored))) return {};
  return Error{ErrorCode::kDenied, fmt::format("access to helper file {} denied", file.string())};
}

}  // namespace

bool mentions(const yaml::Node& block, std::initializer_list<std::string_view> keys,
              std::string_view word) {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
    const yaml::Node* node = block.find(key);
    return node && any_text(*node, [word](std::string_view text) {
             return text.find(word) != std::string_view::npos;
           });
  });
}

Result<std::string> find_payload_file(const std::string& path, const CompileOptions& options) {
  std::vector<fs::path> candidates{fs::path(path)};
  if (!options.templates_root.empty()) {
    candidates.push_back(fs::path(options.templates_root) / path);
  }
  std::error_code ignored;
  fs::path folder = fs::absolute(options.template_path, ignored).parent_path();
  for (; !folder.empty() && folder != folder.root_path(); folder = folder.parent_path()) {
    candidates.push_back(folder / path);
  }
  for (const fs::path& candidate : candidates) {
    if (!fs::is_regular_file(candidate, ignored)) continue;
    M8_TRY(check_sandbox(candidate, options));
    return candidate.string();
  }
  return Error{ErrorCode::kNotFound, fmt::format("payload file {} does not exist", path)};
}

Result<Payloads> Payloads::compile(const yaml::Node& block, const Occurs& occurs,
                                   const CompileOptions& options) {
  Payloads out;
  if (const yaml::Node* map = block.find("payloads"); map != nullptr && !map->is_null()) {
    if (!map->is_map()) return invalid(*map, "payloads: expected a map");
    for (const auto& [key, node] : map->members()) {
      if (!occurs(key)) continue;
      const std::string name(key);
      List list{name, M8_TRY(read_values(name, node, options)), false};
      if (list.values.size() == 0) {
        return invalid(node, fmt::format("payload {} does not contain enough elements", name));
      }
      out.lists_.push_back(std::move(list));
    }
  }
  M8_TRY(out.add_variable_files(block, options));
  for (List& list : out.lists_) list.has_markers = list.values.has_markers();
  auto attack = M8_TRY(
      operators::word_field(block, "attack", {"batteringram", "pitchfork", "clusterbomb"}, 0));
  if (options.attack == "pitchfork") attack = 1;
  if (options.attack == "clusterbomb") attack = 2;
  if (options.attack == "batteringram") attack = 0;
  out.attack_ = static_cast<Attack>(attack);
  M8_TRY(out.count_combinations(block));
  out.find_likely_logins();
  return out;
}

/// The user named these files: they may lie anywhere.
Status Payloads::add_variable_files(const yaml::Node& block, const CompileOptions& options) {
  if (options.variable_files.empty()) return {};
  for (const auto& [name, path] : options.variable_files) {
    if (!mentions(block, {"method", "body", "raw", "headers"}, "{{" + name + "}}")) continue;
    List list{name, M8_TRY(PayloadValues::of_file(path)), false};
    if (list.values.size() == 0) return no_elements(path, name);
    std::erase_if(lists_, [&list](const List& own) { return own.name == list.name; });
    lists_.push_back(std::move(list));
  }
  return {};
}

Status Payloads::count_combinations(const yaml::Node& block) {
  if (lists_.empty()) return {};
  if (attack_ == Attack::kBatteringRam && lists_.size() != 1) {
    return invalid(block, "batteringram must have single payload set");
  }
  combinations_ = attack_ == Attack::kPitchfork ? std::numeric_limits<std::int32_t>::max() : 1;
  for (const List& list : lists_) {
    const auto size = static_cast<std::int64_t>(list.values.size());
    combinations_ =
        attack_ == Attack::kPitchfork ? std::min(combinations_, size) : combinations_ * size;
    if (combinations_ > std::numeric_limits<std::int32_t>::max()) {
      return invalid(block, "payloads: more than 2147483647 combinations");
    }
  }
  return {};
}

void Payloads::find_likely_logins() {
  if (attack_ != Attack::kClusterBomb || lists_.size() != 2) return;
  for (const std::size_t users : {0U, 1U}) {
    if (lists_[users].name.starts_with("user") && lists_[1 - users].name.starts_with("pass"))
      users_ = users;
  }
  if (!users_) return;
  const PayloadValues &slow = lists_[0].values, &fast = lists_[1].values;
  if (slow.size() > kMostLikely) return;
  constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
  std::unordered_map<std::string_view, std::size_t> places;  // the first in the fast list
  slow.each([&](std::size_t, std::string_view value) { places.emplace(value, kNowhere); });
  fast.each([&](std::size_t at, std::string_view value) {
    const auto found = places.find(value);
    if (found != places.end() && found->second == kNowhere) found->second = at;
  });
  slow.each([&](std::size_t i, std::string_view value) {
    const std::size_t same = places.find(value)->second;
    if (same != kNowhere) likely_.push_back(static_cast<std::int64_t>(i * fast.size() + same));
  });
}

std::int64_t Payloads::likely_first(std::int64_t index) const {
  if (index < likely_logins()) return likely_[static_cast<std::size_t>(index)];
  index -= likely_logins();
  for (const std::int64_t likely : likely_) {
    if (likely > index) break;
    ++index;
  }
  return index;
}

std::vector<std::pair<const Payloads::List*, std::string_view>> Payloads::at(
    std::int64_t index) const {
  std::vector<std::pair<const List*, std::string_view>> out(lists_.size());
  auto rest = static_cast<std::size_t>(index);
  // The last list varies fastest.
  for (std::size_t i = lists_.size(); i-- > 0;) {
    const List& list = lists_[i];
    std::size_t at = rest;
    if (attack_ != Attack::kPitchfork) {
      at = rest % list.values.size();
      rest /= list.values.size();
    }
    out[i] = {&list, list.values[at]};
  }
  return out;
}

}  // namespace m8::protocols
