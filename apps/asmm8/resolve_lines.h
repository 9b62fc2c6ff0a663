/// The lines of `asmm8 resolve`: dnsx's JSON keys, and dnsx's plain forms.
///
/// Written by hand into one growing buffer: at some hundred thousand names a second this is a
/// third of the program's own time.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/bulk.h"

namespace m8::asmm8 {

enum class LineForm {
  kNames,      ///< names that have a record of a type asked for
  kResponses,  ///< -resp: "name [A] [192.0.2.1]", one line a record
  kValues,     ///< -ro: the data alone
  kRcodes,     ///< -rc: "name [NXDOMAIN]"
  kRaw,        ///< -raw: whole answers, as dig writes them
  kJson,       ///< every name, whatever became of it
};

struct LineOptions {
  LineForm form = LineForm::kNames;
  std::vector<dns::RrType> types;  ///< asked for
  std::vector<dns::Rcode> rcodes;  ///< only names that end so; empty: all
  bool all_records = true;         ///< kJson: "all", the records in presentation form
};

/// "nxdomain", any case. kInvalidArgument for another word.
Result<dns::Rcode> parse_rcode(const std::string& text);

class ResolveLines {
 public:
  ResolveLines(LineOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  /// Appends the lines of \p result to \p out; true if there were any records asked for.
  bool append(std::string& out, const dns::BulkClient::Result& result);
  bool asked(dns::RrType type) const;
  /// kJson: a line for \p text, which is no name, with the reason; nothing in other forms.
  void append_malformed(std::string& out, std::string_view text, std::string_view why);

 private:
  void append_all(std::string& out, const dns::BulkClient::Result& result);
  void append_internal(std::string& out, const dns::BulkClient::Result& result);
  void append_json(std::string& out, const dns::BulkClient::Result& result);
  void append_values(std::string& out, const dns::BulkClient::Result& result, dns::RrType type);
  void append_value(std::string& out, const dns::BulkClient::Result& result,
                    const dns::AnswerValues::Value& value);
  /// The name as it was given: the address for one under in-addr.arpa and ip6.arpa.
  std::string_view host_of(const dns::BulkClient::Result& result);
  const std::string& timestamp();
  bool shown(const dns::BulkClient::Result& result) const;

  const LineOptions options_;
  Clock& clock_;
  WallTime stamped_{};
  std::string stamp_, address_;
};

}  // namespace m8::asmm8
