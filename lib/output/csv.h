/// CSV: rows of RFC 4180 for spreadsheets.
#pragma once

#include <span>
#include <string>

namespace m8::output {

/// One line. No cell is taken for several or for a formula: what begins like one gets an apostrophe
/// in front.
std::string csv_row(std::span<const std::string> cells);

}  // namespace m8::output
