/// The CSV lines of asmm8 probe (RFC 4180), with httpx's columns in its order.
#pragma once

#include <string>

#include "model/endpoint.h"

namespace m8::asmm8 {

/// The names of the columns, with the line's end.
std::string probe_csv_header();
/// One record. Lists are JSON arrays. What a spreadsheet would take for a formula gets an
/// apostrophe in front.
std::string probe_csv_line(const model::Endpoint& record);

}  // namespace m8::asmm8
