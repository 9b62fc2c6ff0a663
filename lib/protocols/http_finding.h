/// From a hit on one response to the finding that is reported (templates 6.4, cli-and-output 5.1).
#pragma once

#include "model/finding.h"
#include "operators/operators.h"
#include "protocols/http_event.h"
#include "protocols/http_names.h"
#include "protocols/protocol.h"

namespace m8::protocols {

model::Finding make_finding(const Execution& execution, const HttpNames& names,
                            const HttpFields& fields, const operators::Hit& hit);

}  // namespace m8::protocols
