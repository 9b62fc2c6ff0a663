#include "scope_flags.h"

namespace m8::asmm8 {

std::vector<cli::Flag> scope_flags() {
  cli::Flag scope;
  scope.name = "scope";
  scope.argument = "FILE";
  scope.section = "Scope";
  scope.brief = "ask only for what this file allows";
  scope.detail =
      "One rule a line: a domain (itself and everything below it), an address, a CIDR; a leading "
      "'!' excludes. Names outside are never asked for, and are counted.";
  scope.complete = cli::Complete::kFile;
  scope.common = true;
  cli::Flag exclude;
  exclude.name = "exclude";
  exclude.aliases = {"eh"};
  exclude.argument = "RULE,...";
  exclude.section = "Scope";
  exclude.brief = "never ask for these domains";
  exclude.repeatable = true;
  exclude.common = true;
  return {scope, exclude};
}

Result<net::Scope> scope_of(const cli::Values& flags) {
  net::Scope scope;
  const std::string file = flags.text("scope");
  if (!file.empty()) M8_TRY(scope.load(file));
  for (const auto& rule : flags.list("exclude")) M8_TRY(scope.exclude(rule));
  return scope;
}

}  // namespace m8::asmm8
