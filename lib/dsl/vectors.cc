#include "dsl/vectors.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/regex.h"
#include "dsl/expression.h"
#include "dsl/number.h"
#include "net/address.h"

namespace m8::dsl {
namespace {

Error bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// A field, decoded when it is base64.
Result<std::string> decoded(std::string_view field) {
  if (!field.starts_with("b64:")) return std::string(field);
  return base64_decode(field.substr(4));
}

Result<Value> from_json(const json::Value& value) {
  if (value.is_null()) return Value();
  if (value.is_bool()) return Value(value.as_bool());
  if (value.is_number()) return Value(value.as_double());
  if (value.is_string()) return Value(value.as_string());
  if (!value.is_array()) return bad("an object is no value of the language");
  List items;
  for (const json::Value& item : value.items()) {
    if (!item.is_string()) return bad("a list may only hold strings");
    items.emplace_back(item.as_string());
  }
  return Value(std::move(items));
}

/// The object after "vars=" in a note: it ends at the brace that closes it.
std::string_view variables_in(std::string_view note) {
  const std::size_t at = note.find("vars={");
  if (at == std::string_view::npos) return {};
  note.remove_prefix(at + 5);
  const std::size_t end = note.rfind('}');
  return note.substr(0, end + 1);
}

Result<Vector> parse_line(std::string_view line) {
  std::array<std::string_view, 4> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t tab = i + 1 < fields.size() ? line.find('\t') : std::string_view::npos;
    fields[i] = line.substr(0, tab);
    line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
  }
  Vector vector;
  vector.expression = M8_TRY(decoded(fields[0]));
  vector.expected = M8_TRY(decoded(fields[1]));
  vector.type = fields[2];
  if (vector.type.empty()) return bad("a type is missing");
  const std::string_view variables = variables_in(fields[3]);
  if (!variables.empty()) M8_TRY(add_json_variables(variables, vector.variables));
  return vector;
}

bool in_range(const Value& value, std::string_view range) {
  const std::size_t dots = range.find("..");
  if (dots == std::string_view::npos) return false;
  const auto least = parse_integer(range.substr(0, dots));
  const auto most = parse_integer(range.substr(dots + 2));
  const auto number = parse_integer(value.text());
  return least && most && number && *number >= *least && *number <= *most;
}

bool in_ranges(const Value& value, std::string_view ranges) {
  const auto address = net::IpAddress::parse(value.text());
  while (address.ok() && !ranges.empty()) {
    const std::size_t end = std::min(ranges.find('|'), ranges.size());
    const auto range = net::Cidr::parse(ranges.substr(0, end));
    if (range.ok() && range->contains(*address)) return true;
    ranges.remove_prefix(std::min(end + 1, ranges.size()));
  }
  return false;
}

bool same_number(const Value& value, std::string_view expected) {
  const auto* number = value.as<double>();
  if (number == nullptr) return false;
  const auto wanted = parse_float(expected);
  return wanted ? *number == *wanted : value.go_text() == expected;
}

bool same_list(const Value& value, std::string_view expected) {
  const auto wanted = json::parse(expected);
  if (!wanted.ok()) return false;
  const auto list = from_json(*wanted);
  return list.ok() && *list == value;
}

bool matches(const Value& value, const Vector& vector) {
  const std::string& type = vector.type;
  if (type == "any") return true;
  if (type == "number") return same_number(value, vector.expected);
  if (type == "list") return same_list(value, vector.expected);
  if (type == "int-range") return in_range(value, vector.expected);
  if (type == "ip-in") return in_ranges(value, vector.expected);
  if (type == "regex") {
    const auto pattern = Regex::compile(vector.expected);
    return pattern.ok() && pattern->search(value.text());
  }
  return type == value.type_name() && value.text() == vector.expected;
}

Result<Value> evaluate(const Vector& vector, Services& services) {
  const Expression expression = M8_TRY(Expression::compile(vector.expression));
  return expression.eval(vector.variables, services);
}

}  // namespace

Result<std::vector<Vector>> parse_vectors(std::string_view text) {
  std::vector<Vector> out;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    auto vector = parse_line(line);
    if (!vector.ok()) return vector.error().with_context(fmt::format("line {}", number));
    vector->line = number;
    out.push_back(std::move(*vector));
  }
  return out;
}

Verdict check_vector(const Vector& vector, Services& services) {
  const auto value = evaluate(vector, services);
  Verdict verdict;
  if (!value.ok()) {
    verdict.unsupported = value.error().code == ErrorCode::kUnsupported;
    verdict.got = "error " + value.error().message;
    verdict.good = vector.type == "error-any" ||
                   (vector.type == "error" && value.error().message == vector.expected);
    return verdict;
  }
  verdict.got = fmt::format("{} {}", value->type_name(), value->go_text());
  verdict.good = matches(*value, vector);
  return verdict;
}

Status add_json_variables(std::string_view text, Variables& variables) {
  const json::Value object = M8_TRY(json::parse(text));
  if (!object.is_object()) return bad("variables: not a JSON object");
  for (const auto& [name, member] : object.members()) {
    auto value = from_json(member);
    if (!value.ok()) return value.error().with_context("variable " + name);
    variables.set(name, std::move(*value));
  }
  return {};
}

}  // namespace m8::dsl
