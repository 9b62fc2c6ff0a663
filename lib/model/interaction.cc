#include "model/interaction.h"

#include "base/json.h"

namespace m8::model {
namespace {

/// The value as compact JSON again.
void write(json::Writer& w, const json::Value& value) {
  using Type = json::Value::Type;
  switch (value.type()) {
    case Type::kNull:
      w.null();
      break;
    case Type::kBool:
      w.value(value.as_bool());
      break;
    case Type::kInt:
      w.value(value.as_int());
      break;
    case Type::kDouble:
      w.value(value.as_double());
      break;
    case Type::kString:
      w.value(value.as_string());
      break;
    case Type::kArray:
      w.array();
      for (const json::Value& item : value.items()) write(w, item);
      w.end();
      break;
    case Type::kObject:
      w.object();
      for (const auto& [name, member] : value.members()) write(w.key(name), member);
      w.end();
      break;
  }
}

}  // namespace

std::string to_json(const Interaction& interaction) {
  json::Writer w(/*escape_html=*/true);
  w.object().field("protocol", interaction.protocol).field("unique-id", interaction.unique_id);
  w.field("full-id", interaction.full_id).optional("q-type", interaction.q_type);
  w.optional("raw-request", interaction.raw_request);
  w.optional("raw-response", interaction.raw_response).optional("smtp-from", interaction.smtp_from);
  w.field("remote-address", interaction.remote_address).field("timestamp", interaction.timestamp);
  if (!interaction.asninfo.empty()) w.key("asninfo").raw(interaction.asninfo);
  return w.end().take();
}

Result<Interaction> parse_interaction(std::string_view text) {
  const json::Value value = M8_TRY(json::parse(text));
  Interaction out;
  out.protocol = value.string_at("protocol");
  out.unique_id = value.string_at("unique-id");
  if (out.protocol.empty() || out.unique_id.empty())
    return Error{ErrorCode::kInvalidArgument, "interaction: no protocol or no unique-id"};
  out.full_id = value.string_at("full-id");
  out.q_type = value.string_at("q-type");
  out.raw_request = value.string_at("raw-request");
  out.raw_response = value.string_at("raw-response");
  out.smtp_from = value.string_at("smtp-from");
  out.remote_address = value.string_at("remote-address");
  out.timestamp = value.string_at("timestamp");
  if (const json::Value* asn = value.find("asninfo"); asn != nullptr && !asn->is_null()) {
    json::Writer w;
    write(w, *asn);
    out.asninfo = w.take();
  }
  return out;
}

std::size_t bytes_of(const Interaction& interaction) {
  return sizeof interaction + interaction.protocol.size() + interaction.unique_id.size() +
         interaction.full_id.size() + interaction.q_type.size() + interaction.raw_request.size() +
         interaction.raw_response.size() + interaction.smtp_from.size() +
         interaction.remote_address.size() + interaction.timestamp.size() +
         interaction.asninfo.size();
}

}  // namespace m8::model
