// asmm8 permute: names -> candidate names, streamed.
#include "enumerate/permute.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/temp_file.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "commands.h"
#include "enumerate/mask.h"
#include "net/name.h"
#include "output/stream.h"

namespace m8::asmm8 {
namespace {

constexpr std::size_t kBlock = 64u << 10;

using enumerate::ValueList;

constexpr std::size_t kMostBytes = 1u << 30;  // of one list

/// Text of a file, one value a line, without blank lines and comments.
Result<ValueList> lines_of(const std::string& path) {
  auto reader = M8_TRY(LineReader::open(path == "-" ? "/dev/stdin" : path));
  ValueList lines;
  for (;;) {
    const auto line = M8_TRY(reader.next());
    if (!line) return lines;
    const auto text = trim(*line);
    if (text.empty() || text[0] == '#') continue;
    if (lines.bytes() + text.size() > kMostBytes)
      return Error{ErrorCode::kExhausted, path + ": more than 1 GiB of values"};
    lines.push_back(text);
  }
}

ValueList split(std::string_view text) {
  ValueList parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) parts.push_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

/// A file's lines if \p text names one, else its parts between commas.
Result<ValueList> values_of(const std::string& text) {
  auto lines = lines_of(text);
  if (lines.ok() || lines.error().code != ErrorCode::kNotFound) return lines;
  return split(text);
}

Status add_payloads(const cli::Values& flags, enumerate::PermuteConfig& config) {
  if (const std::string words = flags.text("wordlist"); !words.empty())
    config.payloads["word"] = M8_TRY(lines_of(words));
  for (const std::string& pair : flags.list("payload")) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{ErrorCode::kInvalidArgument, "--payload: not NAME=FILE or NAME=A,B: " + pair};
    config.payloads[pair.substr(0, equals)] = M8_TRY(values_of(pair.substr(equals + 1)));
  }
  for (const std::string& mask : flags.list("mask")) {
    const std::string name = fmt::format("mask-{}", config.payloads.size());
    auto values = enumerate::expand_mask(mask);
    if (!values.ok()) return values.error().with_context("--mask");
    for (const std::string& value : *values) config.payloads[name].push_back(value);
    config.patterns.push_back(fmt::format("{{{{{}}}}}.{{{{suffix}}}}", name));
  }
  return {};
}

Result<enumerate::PermuteConfig> config_of(const cli::Values& flags) {
  enumerate::PermuteConfig config = enumerate::PermuteConfig::built_in();
  if (const std::string path = flags.text("patterns-file"); !path.empty()) {
    auto parsed = enumerate::PermuteConfig::parse(M8_TRY(read_file(path, 16u << 20)));
    if (!parsed.ok()) return parsed.error().with_context(path);
    config = std::move(*parsed);
  }
  const auto patterns = flags.list("pattern");
  if (!patterns.empty()) config.patterns.clear();
  for (const std::string& text : patterns) {
    const bool pattern = text.find("{{") != std::string::npos;
    const ValueList values = pattern ? ValueList{text} : M8_TRY(values_of(text));
    for (std::size_t i = 0; i < values.size(); ++i) config.patterns.emplace_back(values[i]);
  }
  if (patterns.empty() && !flags.list("mask").empty()) config.patterns.clear();
  M8_TRY(add_payloads(flags, config));
  return config;
}

/// alterx's -ms: "10mb", "1gb"; a bare number is megabytes. 0 without the flag.
Result<std::uint64_t> max_bytes(const cli::Values& flags) {
  std::string text = flags.text("max-size");
  if (text.empty()) return std::uint64_t{0};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (text.find_first_not_of("0123456789.") == std::string::npos) text += 'M';
  const auto bytes = cli::parse_size(text);
  if (!bytes.ok()) return bytes.error().with_context("--max-size");
  return static_cast<std::uint64_t>(*bytes);
}

/// The host name in a line: a name, or a URL with one.
std::string_view host_in(std::string_view line) {
  line = trim(line);
  if (const auto scheme = line.find("://"); scheme != std::string_view::npos)
    line.remove_prefix(scheme + 3);
  return line.substr(0, line.find_first_of("/?#: \t"));
}

/// Names of arguments, files and stdin, one at a time.
class Names {
 public:
  explicit Names(const cli::Values& flags)
      : arguments_(flags.arguments()), files_(flags.list("list")) {
    if (arguments_.empty() && files_.empty()) files_.push_back("-");
  }

  /// Canonical, with "*." in front if it was there; empty at the end. What is no name is counted.
  Result<std::string> next(std::stop_token stop) {
    for (;;) {
      const auto line = M8_TRY(next_line(stop));
      if (!line) return std::string();
      std::string_view host = host_in(*line);
      if (host.empty()) continue;
      if (host.substr(0, 2) == "*.") host.remove_prefix(2);
      const auto name = net::Name::parse(host);
      if (name.ok()) return name->text();
      ++bad_;
    }
  }
  std::size_t bad() const { return bad_; }

 private:
  Result<std::optional<std::string_view>> next_line(std::stop_token stop) {
    if (argument_ < arguments_.size())
      return std::optional<std::string_view>(arguments_[argument_++]);
    for (;;) {
      if (!reader_) {
        if (file_ == files_.size()) return std::optional<std::string_view>();
        const std::string& path = files_[file_++];
        if (path == "-") {
          reader_.emplace(LineReader(Fd(0)));
        } else {
          reader_.emplace(M8_TRY(LineReader::open(path)));
        }
      }
      auto line = M8_TRY(reader_->next(stop));
      if (line) return line;
      reader_.reset();
    }
  }

  std::vector<std::string> arguments_, files_;
  std::size_t argument_ = 0, file_ = 0, bad_ = 0;
  std::optional<LineReader> reader_;
};

/// Where candidates go: blocks to stdout and, with -o, to a file; up to a number and a size.
class Lines {
 public:
  static Result<Lines> open(const cli::Values& flags) {
    Lines lines;
    lines.limit_ = flags.number<std::uint64_t>("limit");
    lines.max_bytes_ = M8_TRY(max_bytes(flags));
    if (flags.on("estimate")) return lines;
    lines.streams_.push_back(std::make_unique<output::Stream>(Fd(1), "stdout"));
    if (const std::string path = flags.text("output"); !path.empty())
      lines.streams_.push_back(M8_TRY(output::Stream::create(path)));
    return lines;
  }

  /// False once no more are wanted.
  Result<bool> add(std::string_view candidate) {
    if (max_bytes_ != 0 && bytes_ + candidate.size() + 1 > max_bytes_) return false;
    bytes_ += candidate.size() + 1;
    ++count_;
    if (!streams_.empty()) {
      block_.append(candidate).push_back('\n');
      if (block_.size() >= kBlock) M8_TRY(flush());
    }
    return !closed_ && (limit_ == 0 || count_ < limit_);
  }
  Status flush() {
    closed_ = !streams_.empty();
    for (const auto& stream : streams_) {
      M8_TRY(stream->write(block_));
      closed_ = closed_ && stream->closed();
    }
    block_.clear();
    return {};
  }
  std::uint64_t count() const { return count_; }

 private:
  Lines() = default;
  std::vector<std::unique_ptr<output::Stream>> streams_;
  std::string block_;
  std::uint64_t count_ = 0, bytes_ = 0, limit_ = 0, max_bytes_ = 0;
  bool closed_ = false;
};

/// Learns from all names first, keeping them in a file: what is learned from the last one holds
/// for the first.
Result<TempFile> learn_all(Names& names, enumerate::Permuter& permuter, std::stop_token stop) {
  const std::string folder = cli::environment("TMPDIR");
  auto file = M8_TRY(TempFile::create(folder.empty() ? "/tmp" : folder));
  output::Stream out(Fd(::dup(file.fd())), file.path(), {.flush_each = false});
  for (;;) {
    std::string name = M8_TRY(names.next(stop));
    if (name.empty()) break;
    permuter.learn(name);
    M8_TRY(out.write(name += '\n'));
  }
  M8_TRY(out.flush());
  return file;
}

/// Every candidate of \p name. False once no more are wanted.
Result<bool> permute_one(enumerate::Permuter& permuter, const std::string& name, Lines& lines,
                         std::stop_token stop) {
  permuter.begin(name);
  for (;;) {
    const std::string_view candidate = permuter.next();
    if (candidate.empty()) return true;
    if (!M8_TRY(lines.add(candidate))) return false;
    if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "stopped"};
  }
}

Result<int> permute(const cli::Context& context, std::stop_token stop) {
  const cli::Values& flags = context.flags;
  auto config = M8_TRY(config_of(flags));
  auto permuter =
      M8_TRY(enumerate::Permuter::create(std::move(config), {.step = flags.number<int>("step")}));
  Names names(flags);
  Lines lines = M8_TRY(Lines::open(flags));
  std::optional<TempFile> kept;
  std::optional<LineReader> again;
  if (flags.on("enrich")) {
    kept = M8_TRY(learn_all(names, permuter, stop));
    again = M8_TRY(LineReader::open(kept->path()));
  }
  for (bool more = true; more;) {
    std::string name;
    if (again) {
      const auto line = M8_TRY(again->next(stop));
      if (line) name = *line;
    } else {
      name = M8_TRY(names.next(stop));
    }
    if (name.empty()) break;
    more = M8_TRY(permute_one(permuter, name, lines, stop));
  }
  M8_TRY(lines.flush());
  if (names.bad() > 0) log::get("permute")->warn("{} lines were no names", names.bad());
  if (flags.on("estimate")) fmt::print("{}\n", lines.count());
  return cli::kDone;
}

cli::Flag flag(std::string name, std::vector<std::string> aliases, std::string argument,
               std::string section, std::string brief) {
  cli::Flag made;
  made.name = std::move(name);
  made.aliases = std::move(aliases);
  made.argument = std::move(argument);
  made.section = std::move(section);
  made.brief = std::move(brief);
  made.common = true;
  if (made.argument == "FILE") made.complete = cli::Complete::kFile;
  return made;
}

cli::Flag counted(cli::Flag flag, std::string initial, long long max) {
  flag.initial = std::move(initial);
  flag.type = cli::ValueType::number(0, max);
  return flag;
}

std::vector<cli::Flag> permute_flags() {
  cli::Flag list = flag("list", {"l"}, "FILE", "Input", "names, one a line; - is stdin");
  list.repeatable = true;
  cli::Flag pattern = flag("pattern", {"p"}, "PATTERN|FILE", "Patterns", "patterns to apply");
  pattern.repeatable = pattern.literal = true;
  pattern.detail = "Instead of the default ones; or a file with one a line.";
  cli::Flag payload = flag("payload", {"pp"}, "NAME=FILE", "Patterns", "values of a variable");
  payload.repeatable = payload.literal = true;
  payload.detail = "A file with one a line, or values divided by commas.";
  cli::Flag mask = flag("mask", {}, "MASK", "Patterns", "try these labels, such as srv?d?d");
  mask.repeatable = true;
  mask.detail =
      "?d is a digit, ?l a letter, ?a either, ?h a hexadecimal digit, ?? a question mark. Put in "
      "the place of the first label; without -p nothing else is tried.";
  cli::Flag enrich = flag("enrich", {"en"}, "", "Patterns", "learn words and numbers of the names");
  cli::Flag size = flag("max-size", {"ms"}, "SIZE", "Output", "stop before so many bytes");
  size.detail = "10mb, 1gb; a bare number is megabytes.";
  return {
      list,
      pattern,
      payload,
      flag("wordlist", {"w"}, "FILE", "Patterns", "values of word; - is stdin"),
      flag("patterns-file", {"ac"}, "FILE", "Patterns",
           "patterns and payloads, as alterx has them"),
      mask,
      enrich,
      counted(flag("step", {}, "N", "Patterns", "how far step moves numbers"), "3", 1000),
      flag("output", {"o"}, "FILE", "Output", "write the candidates to this file too"),
      counted(flag("limit", {}, "N", "Output", "stop after so many; 0 is all"), "0", 1LL << 62),
      size,
      flag("estimate", {"es"}, "", "Output", "only say how many there would be"),
  };
}

}  // namespace

cli::Command permute_command() {
  cli::Command command;
  command.name = "permute";
  command.brief = "make candidate names of names that are known";
  command.detail =
      "Applies patterns such as {{word}}-{{sub}}.{{suffix}} to each name and writes what comes "
      "out, "
      "one a line, as it is made. Of the name: sub is its first label, suffix the rest, sub1, "
      "sub2... the labels after the first, root the registrable domain, sld, tld and etld its "
      "parts; step is sub with a number moved (web01: web02, web03). Other variables are lists: "
      "word and number, or those of -pp and -ac. Candidates made before are left out as far as a "
      "table of fixed size remembers them.";
  command.arguments = "[NAME...]";
  command.flags = permute_flags();
  command.examples = {"asmm8 permute --limit 5 web01.example.com",
                      "asmm8 permute --mask 'srv?d' web01.example.com"};
  command.run = [](const cli::Context& context) {
    cli::Signals signals;
    const auto code = permute(context, signals.token());
    return code.ok() ? *code : cli::fail("asmm8 permute", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
