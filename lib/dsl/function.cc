#include "dsl/function.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "dsl/expression.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

/// Known in the field, and deliberately not there.
constexpr Function kUnsupported[] = {
    {"cookie_unsign", 1, nullptr},
    {"generate_dotnet_gadget", Function::kVariadic, nullptr},
    {"llm_prompt", Function::kVariadic, nullptr},
};

std::vector<const Function*> all_functions() {
  std::vector<const Function*> all;
  for (const auto family :
       {string_functions(), list_functions(), encode_functions(), compress_functions(),
        number_functions(), hash_functions(), time_functions(), random_functions(), net_functions(),
        std::span<const Function>(kUnsupported)}) {
    for (const Function& function : family) all.push_back(&function);
  }
  return all;
}

std::string alias(std::string_view name) {
  std::string out(name);
  std::erase(out, '_');
  return out;
}

/// Every name and alias.
class Table {
 public:
  Table() : all_(all_functions()) {
    for (const Function* function : all_) {
      add(std::string(function->name), function);
      if (function->name.find('_') != std::string_view::npos) add(alias(function->name), function);
    }
    for (std::size_t i = 0; i < names_.size(); ++i) by_name_.emplace(names_[i], owners_[i]);
  }

  const Function* find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
  }
  const std::vector<const Function*>& all() const { return all_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  void add(std::string name, const Function* function) {
    names_.push_back(std::move(name));
    owners_.push_back(function);
  }

  std::vector<const Function*> all_;
  std::vector<std::string> names_;
  std::vector<const Function*> owners_;
  std::unordered_map<std::string_view, const Function*> by_name_;  // views into names_
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

Result<std::int64_t> Call::integer(std::size_t i) const {
  const Value& value = (*this)[i];
  if (const auto* number = value.as<double>()) return to_int64(*number);
  if (const auto* whole = value.as<std::int64_t>()) return *whole;
  if (value.as<std::string>() == nullptr) {
    return bad_argument(fmt::format("invalid number: {}", value.go_type()));
  }
  const Text shown(value);
  const auto number = parse_float(trim_space(shown));
  if (number) return to_int64(*number);
  return bad_argument(
      fmt::format("strconv.ParseFloat: parsing \"{}\": invalid syntax", shown.view()));
}

Result<std::string_view> Call::string(std::size_t i) const {
  const Value& value = (*this)[i];
  if (const auto* text = value.as<std::string>()) return std::string_view(*text);
  return bad_argument(fmt::format("argument {} is not a string but {}", i + 1, value.type_name()));
}

Result<std::string_view> Call::bytes(std::size_t i) const {
  if (const auto* bytes = (*this)[i].as<Bytes>()) return std::string_view(bytes->data);
  return string(i);
}

Result<Regex> Call::regex(std::size_t i) const {
  if (pattern_ != nullptr) return *pattern_;
  return Regex::compile(Text((*this)[i]));
}

const Function* find_function(std::string_view name) { return table().find(name); }

const std::vector<std::string>& function_names() { return table().names(); }

bool is_function(std::string_view name) { return find_function(name) != nullptr; }

std::string signature(const Function& function) {
  if (function.arity == Function::kVariadic) {
    return fmt::format("{}{}", function.name, function.signature);
  }
  std::string parameters;
  for (int i = 1; i <= function.arity; ++i) {
    parameters += fmt::format("{}arg{}", i > 1 ? ", " : "", i);
  }
  return fmt::format("{}({} interface{{}}) interface{{}}", function.name, parameters);
}

std::vector<std::string> function_signatures() {
  std::vector<std::string> out;
  for (const Function* function : table().all()) {
    if (function->body != nullptr) out.push_back(signature(*function));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Value> invoke(const Function& function, const Call& call) {
  if (function.arity != Function::kVariadic &&
      call.size() != static_cast<std::size_t>(function.arity)) {
    return bad_argument(fmt::format(
        "invalid DSL function signature. correct method signature \"{}\"", signature(function)));
  }
  return function.body(call);
}

Error bad_signature() { return bad_argument("invalid DSL function signature"); }

Error bad_argument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Status check_size(std::size_t bytes) {
  if (bytes <= kMaxResultBytes) return {};
  return Error{ErrorCode::kExhausted,
               fmt::format("result of {} bytes: at most {} are allowed", bytes, kMaxResultBytes)};
}

}  // namespace m8::dsl
