#include "run_record.h"

#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/version.h"
#include "cli/shell_words.h"
#include "output/stream.h"
#include "output/summary.h"

namespace m8::asmm8 {

cli::Flag summary_flag() {
  cli::Flag flag;
  flag.name = "summary";
  flag.argument = "FILE|-";
  flag.section = "Output";
  flag.brief = "write a last record of what was done and what it cost";
  flag.detail = "One JSON line; - writes it to stderr.";
  flag.complete = cli::Complete::kFile;
  return flag;
}

RunRecord::RunRecord(const cli::Context& context, Clock& clock) : context_(context), clock_(clock) {
  run_.command = context.program + " " + context.command;
  run_.arguments = cli::shell_words(context.arguments);
  run_.version = version();
  run_.started = clock.wall();
  run_.status = "running";
}

Status RunRecord::end(const Status& outcome, bool incomplete) {
  run_.ended = clock_.wall();
  run_.status = incomplete ? "incomplete" : "done";
  if (!outcome.ok())
    run_.status = outcome.error().code == ErrorCode::kCancelled ? "interrupted" : "failed";
  const std::string path = context_.flags.text("summary");
  if (path.empty()) return {};
  const std::string line = output::summary_line(run_, process_usage());
  if (path != "-") return write_file_atomically(path, line);
  return output::Stream(Fd(STDERR_FILENO), "stderr").write(line);
}

}  // namespace m8::asmm8
