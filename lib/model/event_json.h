/// A finding as the field's JSON event.
#pragma once

#include <string>

#include "model/finding.h"

namespace m8::model {

/// One compact object without a line end, keys in the order of the field's event and < > & escaped
/// (cli-and-output 5.1, 5.2). What is empty is left out, but for the keys that are always there.
std::string event_json(const Finding& finding);

}  // namespace m8::model
