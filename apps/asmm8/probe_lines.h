/// The plain lines of asmm8 probe: the URL, and in brackets what was asked for.
#pragma once

#include <string>

#include "cli/flag.h"
#include "model/endpoint.h"

namespace m8::asmm8 {

/// Which columns there are, in the order in which the field prints them.
class ProbeLines {
 public:
  explicit ProbeLines(const cli::Values& flags, bool colours);
  /// The line with its end. Control characters of strangers are made visible.
  std::string line(const model::Endpoint& record) const;

 private:
  bool status_, location_, method_, length_, type_, title_, server_, ip_, cname_, extracts_, cdn_,
      time_, tech_, hashes_, favicon_, words_, lines_, jarm_, http2_, websocket_, pipeline_, vhost_,
      probe_, preview_, screenshot_;
  bool colours_;
};

}  // namespace m8::asmm8
