/// The lines of `asmm8 resolve`: dnsx's JSON keys, and dnsx's plain forms.
///
/// Written by hand into one growing buffer: at some hundred thousand names a second this is a
/// third of the program's own time.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/bulk.h"

namespace m8::asmm8 {

enum class LineForm {
  kNames,      ///< names that have a record of a type asked for
  kResponses,  ///< -resp: "name [A] [192.0.2.1]", one line a record
  kValues,     ///< -ro: the data alone
  kJson,       ///< every name, whatever became of it
};

class ResolveLines {
 public:
  ResolveLines(LineForm form, std::vector<dns::RrType> types, Clock& clock)
      : form_(form), types_(std::move(types)), clock_(clock) {}

  /// Appends the lines of \p result to \p out; true if there were any records asked for.
  bool append(std::string& out, const dns::BulkClient::Result& result);

 private:
  void append_json(std::string& out, const dns::BulkClient::Result& result);
  void append_values(std::string& out, const dns::BulkClient::Result& result, dns::RrType type);
  const std::string& timestamp();
  bool asked(dns::RrType type) const;

  const LineForm form_;
  const std::vector<dns::RrType> types_;
  Clock& clock_;
  WallTime stamped_{};
  std::string stamp_;
};

}  // namespace m8::asmm8
