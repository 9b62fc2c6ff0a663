#include "templates/document.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "operators/fields.h"

namespace m8::templates {
namespace {

constexpr std::array<const char*, 12> kKindNames = {"dns",  "file",       "http",      "headless",
                                                    "tcp",  "ssl",        "websocket", "whois",
                                                    "code", "javascript", "workflow",  ""};

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view text_at(const yaml::Node& map, std::string_view key) {
  const auto* node = map.find(key);
  return node && node->is_scalar() ? node->text() : std::string_view();
}

bool flag_at(const yaml::Node& map, std::string_view key) {
  const auto* node = map.find(key);
  bool on = false;
  return node && node->as_bool(on) && on;
}

/// Items of a list, or of a text split at commas, as they are.
std::vector<std::string> split_list(const yaml::Node& node) {
  std::vector<std::string> out;
  for (const yaml::Node& item : node.items()) out.push_back(item.str());
  if (!node.is_scalar()) return out;
  std::string_view rest = node.text();
  for (;;) {
    const auto comma = rest.find(',');
    out.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

// ---- id and info ------------------------------------------------------------------------------

/// ^([a-zA-Z0-9]+[-_])*[a-zA-Z0-9]+$
bool well_formed_id(std::string_view id) {
  bool separator = true;
  for (const char c : id) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      separator = false;
    } else if ((c == '-' || c == '_') && !separator) {
      separator = true;
    } else {
      return false;
    }
  }
  return !separator;
}

Result<std::string> read_id(const yaml::Node& root) {
  std::string id(text_at(root, "id"));
  if (id.empty()) return invalid("mandatory 'id' field is missing");
  if (!well_formed_id(id))
    return invalid(
        "invalid field format for 'id' (allowed format is ^([a-zA-Z0-9]+[-_])*[a-zA-Z0-9]+$)");
  return id;
}

std::optional<double> number_at(const yaml::Node& map, std::string_view key) {
  const auto* node = map.find(key);
  double number = 0;
  if (node && node->as_double(number)) return number;
  return std::nullopt;
}

std::optional<std::vector<std::string>> list_at(const yaml::Node& map, std::string_view key) {
  const auto* node = map.find(key);
  if (!node || node->is_null()) return std::nullopt;
  return normalised_list(*node);
}

model::TemplateInfo::Classification read_classification(const yaml::Node& node) {
  model::TemplateInfo::Classification out;
  out.cve_id = list_at(node, "cve-id");
  out.cwe_id = list_at(node, "cwe-id");
  out.cvss_metrics = text_at(node, "cvss-metrics");
  out.cpe = text_at(node, "cpe");
  out.cvss_score = number_at(node, "cvss-score");
  out.epss_score = number_at(node, "epss-score");
  out.epss_percentile = number_at(node, "epss-percentile");
  return out;
}

Status read_severity(const yaml::Node& info, Document& document, model::TemplateInfo& out) {
  const auto* node = info.find("severity");
  if (!node || node->is_null()) return {};
  const auto severity = model::parse_severity(node->text());
  if (!severity) return invalid(fmt::format("invalid severity: {}", node->text()));
  out.severity = *severity;
  document.has_severity = true;
  return {};
}

Status read_info(const yaml::Node& root, Document& document, model::TemplateInfo& out) {
  const auto* info = root.find("info");
  if (!info || !info->is_map()) return invalid("mandatory 'name' field is missing");
  if (const auto* tags = info->find("tags")) out.tags = normalised_list(*tags);
  if (document.brief) return read_severity(*info, document, out);
  out.name = text_at(*info, "name");
  if (trim(out.name).empty()) return invalid("mandatory 'name' field is missing");
  if (const auto* author = info->find("author")) out.author = normalised_list(*author);
  if (out.author.empty()) return invalid("mandatory 'author' field is missing");
  if (const auto* reference = info->find("reference")) out.reference = split_list(*reference);
  out.description = text_at(*info, "description");
  out.impact = text_at(*info, "impact");
  out.remediation = text_at(*info, "remediation");
  if (const auto* metadata = info->find("metadata"))
    for (const auto& [key, value] : metadata->members())
      out.metadata.emplace_back(std::string(key), value.to_json());
  std::stable_sort(out.metadata.begin(), out.metadata.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (const auto* node = info->find("classification"); node && node->is_map())
    out.classification = read_classification(*node);
  return read_severity(*info, document, out);
}

// ---- blocks -----------------------------------------------------------------------------------

/// The kind whose list a top-level key holds.
Kind kind_of_key(std::string_view key) {
  if (key == "requests") return Kind::kHttp;
  if (key == "network") return Kind::kTcp;
  if (key == "workflows") return Kind::kWorkflow;
  if (key == "workflow") return Kind::kNone;
  return parse_kind(key);
}

void collect_types(const yaml::Node* list, std::vector<std::string>& out) {
  if (!list) return;
  for (const yaml::Node& item : list->items()) {
    const std::string_view type = text_at(item, "type");
    if (!type.empty() && std::find(out.begin(), out.end(), type) == out.end())
      out.emplace_back(type);
  }
}

void collect_facts(const RawBlock& block, BlockFacts& facts, bool brief) {
  if (block.kind == Kind::kHttp) {
    facts.fuzzing = facts.fuzzing || block.node.find("fuzzing");
    facts.global_matchers = facts.global_matchers || flag_at(block.node, "global-matchers");
  }
  if (brief) return;
  collect_types(block.node.find("matchers"), facts.matcher_types);
  collect_types(block.node.find("extractors"), facts.extractor_types);
  if (block.kind != Kind::kHttp) return;
  if (const auto method = text_at(block.node, "method"); !method.empty())
    facts.methods.emplace_back(method);
  facts.body += lower(text_at(block.node, "body"));
}

Status read_list(std::string_view key, const yaml::Node& list, Kind kind, Document& document) {
  if (list.is_null()) return {};
  if (!list.is_sequence())
    return invalid(fmt::format("line {}: '{}' must be a list", list.line(), key));
  int index = 0;
  for (const yaml::Node& item : list.items()) {
    if (!item.is_map())
      return invalid(fmt::format("line {}: an entry of '{}' must be a map", item.line(), key));
    document.blocks.push_back({kind, ++index, std::string(text_at(item, "id")), item});
    collect_facts(document.blocks.back(), document.facts, document.brief);
  }
  return {};
}

Status check_kinds(const yaml::Node& root, const Document& document) {
  if (root.find("requests") && root.find("http"))
    return invalid("use http or requests, both are not supported");
  if (root.find("network") && root.find("tcp"))
    return invalid("use tcp or network, both are not supported");
  if (document.blocks.empty())
    return invalid(fmt::format("no requests defined for {}", document.info->id));
  const bool mixed = std::any_of(document.blocks.begin(), document.blocks.end(),
                                 [](const RawBlock& b) { return b.kind != Kind::kWorkflow; });
  if (root.find("workflows") && mixed) return invalid("workflows cannot have other protocols");
  return {};
}

Status read_blocks(const yaml::Node& root, Document& document) {
  for (const auto& [key, value] : root.members()) {
    const Kind kind = kind_of_key(key);
    if (kind == Kind::kNone) continue;
    M8_TRY(read_list(key, value, kind, document));
    if (!value.is_null()) document.kind = std::min(document.kind, kind);
  }
  return check_kinds(root, document);
}

// ---- variables --------------------------------------------------------------------------------

Status read_pairs(const yaml::Node& root, std::string_view key,
                  std::vector<std::pair<std::string, std::string>>& out) {
  const auto* map = root.find(key);
  if (!map || map->is_null()) return {};
  if (!map->is_map()) return invalid(fmt::format("line {}: '{}' must be a map", map->line(), key));
  for (const auto& [name, value] : map->members())
    out.emplace_back(std::string(name), typed_text(value));
  return {};
}

}  // namespace

const char* to_string(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

Kind parse_kind(std::string_view word) {
  for (std::size_t i = 0; i < kKindNames.size(); ++i)
    if (word == kKindNames[i] && !word.empty()) return static_cast<Kind>(i);
  return Kind::kNone;
}

std::vector<std::string> normalised_list(const yaml::Node& node) {
  std::vector<std::string> out;
  for (const std::string& item : split_list(node))
    if (std::string word = lower(trim(item)); !word.empty()) out.push_back(std::move(word));
  return out;
}

std::optional<yaml::Node> find_block(const yaml::Node& root, std::size_t number) {
  for (const auto& [key, list] : root.members()) {
    if (kind_of_key(key) == Kind::kNone) continue;
    if (number < list.items().size()) return list.items()[number];
    number -= list.items().size();
  }
  return std::nullopt;
}

std::string typed_text(const yaml::Node& node) {
  if (node.is_null()) return {};
  if (node.is_scalar()) return operators::typed_text(node);
  if (!node.is_sequence()) return node.to_json();
  std::string out = "[";
  for (const yaml::Node& item : node.items()) out += (out.size() > 1 ? " " : "") + typed_text(item);
  return out + "]";
}

Result<Document> read_document(std::string_view text, Origin origin) {
  return read_document(M8_TRY(parse_source(text)), std::move(origin));
}

Result<Document> read_document(const Source& source, Origin origin, Extent extent) {
  const yaml::Node& root = source.root;
  Document document;
  document.brief = extent == Extent::kBrief;
  auto info = std::make_shared<model::TemplateInfo>();
  info->path = std::move(origin.path);
  info->relative_path = std::move(origin.relative_path);
  info->id = M8_TRY(read_id(root));
  M8_TRY(read_info(root, document, *info));
  document.info = std::move(info);
  document.json = source.json;
  document.source = source;
  document.self_contained = flag_at(root, "self-contained");
  document.stop_at_first_match = flag_at(root, "stop-at-first-match");
  document.signature = !text_at(root, "signature").empty();
  document.flow = std::string(trim(text_at(root, "flow")));
  M8_TRY(read_pairs(root, "variables", document.variables));
  M8_TRY(read_pairs(root, "constants", document.constants));
  M8_TRY(read_blocks(root, document));
  return document;
}

}  // namespace m8::templates
