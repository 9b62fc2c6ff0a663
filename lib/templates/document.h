/// Document: what one template file says, read and checked but not yet compiled (templates.md 1).
///
/// Reading knows nothing of requests or matchers: a block stays the YAML it was, for protocols/ to
/// compile once the filters have chosen the template. Values; no threads of their own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "model/finding.h"
#include "templates/source.h"

namespace m8::templates {

/// What a template speaks, in the order that decides the type of a template with several kinds
/// (templates.md 1.5).
enum class Kind {
  kDns,
  kFile,
  kHttp,
  kHeadless,
  kTcp,
  kSsl,
  kWebsocket,
  kWhois,
  kCode,
  kJavascript,
  kWorkflow,
  kNone,
};

/// "dns", "http", ..., as `-pt` names it.
const char* to_string(Kind kind);
/// kNone for another word.
Kind parse_kind(std::string_view word);

/// One entry of a protocol's list, in the order of the file.
struct RawBlock {
  Kind kind = Kind::kHttp;
  int index = 0;    ///< 1-based within its protocol
  std::string id;   ///< `id:` of the block, may be empty
  yaml::Node node;  ///< a map; of the document's source
};

/// What `-tc` and the capability gates ask about the blocks (cli-and-output 3.3).
struct BlockFacts {
  std::vector<std::string> methods, matcher_types, extractor_types;
  std::string body;  ///< lower case
  bool fuzzing = false;
  bool global_matchers = false;
};

struct Document {
  std::shared_ptr<const model::TemplateInfo> info;  ///< shared with every finding of the template
  bool has_severity = false;  ///< without one the severity is unknown, and validation complains
  Kind kind = Kind::kNone;
  bool self_contained = false;
  bool stop_at_first_match = false;
  bool signature = false;  ///< asks for signed cloud requests
  std::string flow;
  /// Text of each variable in order of declaration, numbers in their canonical form (1.3.2).
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<std::pair<std::string, std::string>> constants;
  std::vector<RawBlock> blocks;
  BlockFacts facts;
  bool json = false;   ///< JSON templates evaluate their variables once (2.4.2)
  Source source;       ///< keeps the nodes alive
  bool brief = false;  ///< read with Extent::kBrief
};

/// How much of a document is read. kBrief: of `info` only the id, the severity and the tags, of the
/// facts only `fuzzing` and `global_matchers`; for templates that are known to be good.
enum class Extent { kWhole, kBrief };

/// Where a file lies.
struct Origin {
  std::string path;           ///< full path
  std::string relative_path;  ///< inside the templates folder, else empty
};

/// What \p source says. kInvalidArgument with the reference's reason (1.2): a missing or malformed
/// field.
Result<Document> read_document(const Source& source, Origin origin, Extent extent = Extent::kWhole);
/// Reads one template: parse_source() and the above, with the errors of both.
Result<Document> read_document(std::string_view text, Origin origin);

/// The tree of block number \p number (0-based, as in Document::blocks); nothing beyond the last.
std::optional<yaml::Node> find_block(const yaml::Node& root, std::size_t number);

/// Text of a plain scalar as the reference decodes it in `variables:`: 1.10 is "1.1", a date
/// becomes a time, null is empty. A list or map is its flow text.
std::string typed_text(const yaml::Node& node);

/// Items of a list or of a comma-separated text, trimmed and lower-cased, empty ones dropped.
std::vector<std::string> normalised_list(const yaml::Node& node);

}  // namespace m8::templates
