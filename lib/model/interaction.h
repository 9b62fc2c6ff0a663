/// Interaction: somebody used an out-of-band URL (protocols 10.6).
///
/// Plain value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::model {

struct Interaction {
  std::string protocol;      ///< "dns", "http", "https", "smtp", ...
  std::string unique_id;     ///< the label of 33 characters, lower case
  std::string full_id;       ///< all labels before the server's domain
  std::string q_type;        ///< "A", "TXT"; DNS only
  std::string raw_request;   ///< as the server received it, or wrote it down
  std::string raw_response;  ///< what it answered
  std::string smtp_from;
  std::string remote_address;
  std::string timestamp;  ///< RFC 3339, by the server's clock
  std::string asninfo;    ///< a JSON value, or empty
};

/// One compact object with the field's keys in their order; what is empty is left out, but for
/// those that are always there. < > & are escaped.
std::string to_json(const Interaction& interaction);

/// kInvalidArgument unless \p text is an object with a protocol and a unique-id.
Result<Interaction> parse_interaction(std::string_view text);

/// Bytes that it takes in memory.
std::size_t bytes_of(const Interaction& interaction);

}  // namespace m8::model
