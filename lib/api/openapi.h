/// The OpenAPI 3 document, made from the table of routes.
///
/// Threads: a plain function.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"

namespace m8::api {

/// One JSON document: every route with its parameters, bodies, answers, and who may call it.
std::string openapi(const std::vector<Route>& routes);

}  // namespace m8::api
