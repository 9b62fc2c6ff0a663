// num8 eval: one expression of the template language, or a whole vector file.
#include <fmt/format.h>

#include "base/file.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "dsl/expression.h"
#include "dsl/vectors.h"
#include "output/stream.h"
#include "tool_services.h"

namespace m8::num8 {
namespace {

/// Adds "name=value"; the value is text.
Status add_assignment(const std::string& text, dsl::Variables& variables) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return Error{ErrorCode::kInvalidArgument, "--var: not name=value: " + text};
  }
  variables.set(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

Result<dsl::Variables> read_variables(const cli::Values& flags) {
  dsl::Variables variables;
  const std::string path = flags.text("vars");
  if (!path.empty()) {
    const std::string text = M8_TRY(read_file(path));
    M8_TRY(dsl::add_json_variables(text, variables));
  }
  for (const std::string& assignment : flags.list("var")) {
    M8_TRY(add_assignment(assignment, variables));
  }
  return variables;
}

int evaluate(const cli::Context& context, const std::string& text) {
  const auto variables = read_variables(context.flags);
  if (!variables.ok()) return cli::fail(context.program, variables.error());
  ToolServices services;
  const Status opened = services.open(context.flags);
  if (!opened.ok()) return cli::fail(context.program, opened.error());
  const auto expression = dsl::Expression::compile(text);
  if (!expression.ok()) return cli::fail(context.program, expression.error());
  const auto value = expression->eval(*variables, services);
  if (!value.ok()) return cli::fail(context.program, value.error());
  output::Stream out(Fd(1), "stdout");
  const Status status = out.write(fmt::format("{}\t{}\n", value->text(), value->type_name()));
  return status.ok() ? cli::kDone : cli::fail(context.program, status.error());
}

/// Prints each row that does not hold and a last line with the counts.
int check_file(const cli::Context& context, const std::string& path) {
  const auto text = read_file(path);
  if (!text.ok()) return cli::fail(context.program, text.error());
  const auto vectors = dsl::parse_vectors(*text);
  if (!vectors.ok()) return cli::fail(context.program, vectors.error().with_context(path));
  output::Stream out(Fd(1), "stdout", {.flush_each = false});
  ToolServices services;
  const Status opened = services.open(context.flags);
  if (!opened.ok()) return cli::fail(context.program, opened.error());
  std::size_t good = 0;
  std::size_t unsupported = 0;
  for (const dsl::Vector& vector : *vectors) {
    const dsl::Verdict verdict = dsl::check_vector(vector, services);
    good += verdict.good ? 1 : 0;
    if (verdict.good) continue;
    unsupported += verdict.unsupported ? 1 : 0;
    (void)out.write(fmt::format("{}:{}: {}: expected {} {}, got {}\n", path, vector.line,
                                verdict.unsupported ? "unsupported" : "mismatch", vector.type,
                                vector.expected, verdict.got));
  }
  const std::size_t wrong = vectors->size() - good - unsupported;
  (void)out.write(fmt::format("{} rows: {} as expected, {} unsupported, {} mismatches\n",
                              vectors->size(), good, unsupported, wrong));
  const Status status = out.flush();
  if (!status.ok()) return cli::fail(context.program, status.error());
  return wrong == 0 ? cli::kDone : cli::kFailed;
}

int run(const cli::Context& context) {
  const auto& arguments = context.flags.arguments();
  const std::string file = context.flags.text("tsv");
  if (file.empty() == arguments.empty() || arguments.size() > 1) {
    return cli::fail(context.program,
                     {ErrorCode::kInvalidArgument, "eval: give one expression, or --tsv FILE"});
  }
  return file.empty() ? evaluate(context, arguments.front()) : check_file(context, file);
}

}  // namespace

cli::Command eval_command() {
  cli::Command command;
  command.name = "eval";
  command.brief = "Evaluate one expression of the template language";
  command.detail =
      "Prints the result and, after a tab, its type: string, number, int, bool, list, bytes or "
      "nil. "
      "The text is that of {{ }} in a request: numbers without exponent, lists as [a b].";
  command.arguments = "[EXPRESSION]";
  command.flags = {
      {.name = "var",
       .argument = "NAME=VALUE",
       .section = "Variables",
       .brief = "variable of type string; may be given again",
       .repeatable = true,
       .literal = true,
       .common = true},
      {.name = "vars",
       .argument = "FILE",
       .section = "Variables",
       .brief = "variables from a JSON object; its numbers and booleans keep their types",
       .complete = cli::Complete::kFile,
       .common = true},
      {.name = "tsv",
       .argument = "FILE",
       .section = "Input",
       .brief = "evaluate every row of a vector file and report mismatches",
       .detail =
           "Columns: expression, expected, type, note; vars={...} in the note gives variables. "
           "Exits with 1 when a row does not hold.",
       .complete = cli::Complete::kFile,
       .common = true},
      tech_file_flag("Input"),
  };
  command.examples = {"num8 eval 'contains(body, \"x\")' --var body=abc",
                      "num8 eval 'base64(\"hello\")'", "num8 eval --tsv vectors.tsv"};
  command.run = run;
  return command;
}

}  // namespace m8::num8
