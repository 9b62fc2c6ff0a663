/// Reply: what a source answered, read as its record says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "enumerate/sources/report.h"
#include "enumerate/sources/source.h"
#include "http/response.h"

namespace m8::enumerate::sources {

struct Reply {
  int status = 0;
  std::vector<http::Header> headers;
  std::string body;
  bool cut = false;  ///< the body is longer than was read
  /// kJson: the document; kJsonLines: one for each line that holds one. None for a reply that was
  /// cut, or that has the record's `accept` for status.
  std::vector<json::Value> documents;

  /// text_at() of the first document that has anything there.
  std::string text(std::string_view path) const;
};

/// Why a source gave nothing, and which state that means.
struct Failure {
  State state = State::kDown;
  std::string reason;
};

/// Reads \p response as \p source says, and takes the body out of it. kProtocol "not JSON: ...",
/// "HTML instead of text".
Result<Reply> read_reply(const Source& source, http::Response& response);

/// What a status means, if it is none of success.
Failure judge_status(const http::Response& response);
/// The error that \p reply tells with status 200: at the record's `error` path, or as a single line
/// of prose where lines of names are expected.
std::optional<Failure> told_failure(const Source& source, const Reply& reply);
/// What a source's own words mean: quota (kLimited), key (kAuth), nothing known (kEmpty), else
/// kDown.
State judge_words(std::string_view text);

}  // namespace m8::enumerate::sources
