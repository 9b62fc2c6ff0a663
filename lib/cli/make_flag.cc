#include "cli/make_flag.h"

#include <utility>

namespace m8::cli {

Flag valued(const char* section, std::string name, std::vector<std::string> aliases,
            std::string argument, std::string brief) {
  Flag flag;
  flag.section = section;
  flag.name = std::move(name);
  flag.aliases = std::move(aliases);
  flag.argument = std::move(argument);
  flag.brief = std::move(brief);
  return flag;
}

Flag switched(const char* section, std::string name, std::vector<std::string> aliases,
              std::string brief) {
  return valued(section, std::move(name), std::move(aliases), "", std::move(brief));
}

Flag with_default(Flag flag, std::string initial, std::string unit) {
  flag.initial = std::move(initial);
  flag.unit = std::move(unit);
  return flag;
}

Flag chosen(Flag flag, std::vector<std::string> choices) {
  flag.choices = std::move(choices);
  flag.complete = Complete::kChoices;
  return flag;
}

Flag typed(Flag flag, ValueType type) {
  flag.type = type;
  return flag;
}

Flag repeated(Flag flag, bool literal) {
  flag.repeatable = true;
  flag.literal = literal;
  return flag;
}

Flag file_flag(Flag flag) {
  flag.complete = Complete::kFile;
  return flag;
}

Flag secret(Flag flag) {
  flag.secret = true;
  return flag;
}

Flag common(Flag flag) {
  flag.common = true;
  return flag;
}

Flag detailed(Flag flag, std::string detail) {
  flag.detail = std::move(detail);
  return flag;
}

}  // namespace m8::cli
