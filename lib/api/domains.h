/// Domains as callers name and change them, for the routes of the API and for those of the guides.
///
/// Plain functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/route.h"
#include "api/world.h"
#include "base/json.h"
#include "model/domain.h"

namespace m8::api {

/// The body of \p call. kInvalidArgument unless it is a JSON object.
Result<json::Value> read_body(const Call& call);

/// A text that no name lies between and \p name, which is a canonical one: behind it, the first row
/// by name is that of \p name if there is one.
std::string key_before(std::string_view name);

/// kNotFound "no such domain"; errors of the store.
Result<model::Domain> find_domain(const World& world, const std::string& name);
/// Adds what the body of \p call says: {"name","enabled"}. Its name, and whether it is new.
/// kInvalidArgument; errors of the store.
struct AddedDomain {
  std::string name;
  bool is_new = false;
};
Result<AddedDomain> add_domain(const World& world, const Call& call);
/// Does to the domain in the path of \p call what its body says: {"enabled"}. kInvalidArgument,
/// kNotFound; errors of the store.
Result<model::Domain> change_domain(const World& world, const Call& call);
/// Removes the domain in the path of \p call. kNotFound; errors of the store.
Status remove_domain(const World& world, const Call& call);

}  // namespace m8::api
