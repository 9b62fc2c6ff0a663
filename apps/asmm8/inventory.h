/// What the commands over the stored inventory share: domains to choose, lines to write.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/flag.h"
#include "model/hostname.h"
#include "output/stream.h"
#include "store/chosen_store.h"

namespace m8::asmm8 {

/// A flag that is often needed: name, letters, section, line of help.
cli::Flag inventory_flag(std::string name, std::vector<std::string> aliases, const char* section,
                         std::string brief);
/// --domain DOMAIN,...: those that a listing is about.
cli::Flag chosen_domains_flag();

/// The values of --domain, canonical; one empty text, which means all, without any.
/// kInvalidArgument for what is no name, kNotFound for a domain that is not stored.
Result<std::vector<std::string>> chosen_domains(const cli::Values& flags, store::Store& store);

/// The keys of a stored name in m8-records(5): those of `asmm8 enum`, and live.
void write_hostname(json::Writer& w, const model::Hostname& record);

/// stdout for listings: written in blocks, over once the reader is gone.
class Listing {
 public:
  Listing();
  /// kCancelled, to end the reading, when nobody reads any more.
  Status line(std::string_view text);
  /// The end of a listing: \p read, unless it was the reader who ended it; and the rest is written.
  Status finish(const Status& read);

 private:
  output::Stream stream_;
};

}  // namespace m8::asmm8
