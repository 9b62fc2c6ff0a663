#include "api/domains.h"

#include <optional>
#include <utility>

namespace m8::api {

std::string key_before(std::string_view name) {
  std::string key(name);
  key.back() = static_cast<char>(key.back() - 1);
  return key + '\x7f';  // names are of ASCII, and this is its last
}

Result<json::Value> read_body(const Call& call) {
  auto body = json::parse(call.request.body);
  if (body.ok() && body->is_object()) return body;
  return Error{ErrorCode::kInvalidArgument, "the body has to be a JSON object"};
}

Result<model::Domain> find_domain(const World& world, const std::string& name) {
  std::optional<model::Domain> found;
  M8_TRY(
      world.store.for_each_domain({false, key_before(name), 1}, [&](const model::Domain& domain) {
        if (domain.name == name) found = domain;
        return Status();
      }));
  if (found) return *std::move(found);
  return Error{ErrorCode::kNotFound, "no such domain"};
}

Result<AddedDomain> add_domain(const World& world, const Call& call) {
  const json::Value body = M8_TRY(read_body(call));
  model::Domain added;
  added.name = M8_TRY(check_parameter(*find_parameter("domain"), body.string_at("name")));
  if (const auto* enabled = body.find("enabled")) added.enabled = enabled->as_bool(true);
  added.first_seen = world.clock.wall();
  const bool is_new = M8_TRY(world.store.add_domain(added));
  return AddedDomain{std::move(added.name), is_new};
}

Result<model::Domain> change_domain(const World& world, const Call& call) {
  const json::Value body = M8_TRY(read_body(call));
  const auto* enabled = body.find("enabled");
  if (enabled == nullptr || !enabled->is_bool())
    return Error{ErrorCode::kInvalidArgument, "enabled: true or false"};
  model::Domain domain = M8_TRY(find_domain(world, call.text("domain")));
  M8_TRY(world.store.set_domain_enabled(domain.name, enabled->as_bool()));
  domain.enabled = enabled->as_bool();
  return domain;
}

Status remove_domain(const World& world, const Call& call) {
  const model::Domain domain = M8_TRY(find_domain(world, call.text("domain")));
  M8_TRY(world.store.remove_domain(domain.name));
  return {};
}

}  // namespace m8::api
