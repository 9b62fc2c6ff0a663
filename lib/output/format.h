/// Format: how a record becomes text. One file per format, one line each in registry.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/sink.h"

namespace m8::output {

struct FormatOptions {
  bool colours = false;
  bool timestamps = false;      ///< -ts: time in front of each finding
  bool matcher_status = false;  ///< -ms: say whether it matched
  bool sources = false;         ///< -cs: "name,[source,...]" for host names
  bool metadata = true;         ///< false (-nm): nothing before the target
  /// The command line of the run, program first, for formats that tell it. Without secrets.
  std::vector<std::string> arguments;
};

/// Each function gives the whole record with its line end, or nothing if the format leaves such
/// records out. Thread-safe. A format with a beginning and an end is for one document: its records
/// are written in the order in which they were made.
class Format {
 public:
  virtual ~Format() = default;
  /// What comes before the first record, and behind the last one.
  virtual std::string begin() const { return {}; }
  virtual std::string end() const { return {}; }
  /// Nothing can be added behind its end.
  bool is_document() const { return !end().empty(); }
  virtual std::string hostname(const model::Hostname&) const { return {}; }
  virtual std::string endpoint(const model::Endpoint&) const { return {}; }
  virtual std::string finding(const model::Finding&) const { return {}; }
};

struct FormatEntry {
  const char* name;
  const char* brief;  ///< for help and completions
  std::unique_ptr<Format> (*make)(const FormatOptions&);
};

/// All formats, in the order in which help lists them.
std::span<const FormatEntry> formats();
/// kInvalidArgument naming the known formats.
Result<std::unique_ptr<Format>> make_format(std::string_view name, const FormatOptions& options);

}  // namespace m8::output
