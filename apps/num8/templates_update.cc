// num8 templates update: a collection of templates takes the place of the templates folder.
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "http/service_flags.h"
#include "http/session.h"
#include "selection.h"
#include "templates/files.h"
#include "templates/update.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kMaxArchive = 512u << 20;

/// Services are looked up by the system, so that this is never asked.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    done(Error{ErrorCode::kUnsupported, host + ": no look-up"});
  }
};

/// The one session of an update; made when the first URL is asked for.
class Fetcher {
 public:
  explicit Fetcher(const cli::Values& flags) : flags_(flags) {}

  Result<std::string> get(const std::string& url, std::stop_token stop) {
    if (!session_) M8_TRY(open());
    http::Request request;
    request.url = M8_TRY(net::Url::parse(url));
    request.max_body = kMaxArchive;
    request.redirects = http::Request::Redirects::kAll;
    http::Response answer = M8_TRY(session_->call(request, std::move(stop)));
    if (answer.status == 404) return Error{ErrorCode::kNotFound, url + ": 404"};
    if (answer.status != 200)
      return Error{ErrorCode::kNetwork, fmt::format("{}: status {}", url, answer.status)};
    if (answer.body_truncated)
      return Error{ErrorCode::kExhausted, url + ": larger than 512 MiB, or cut short"};
    return std::move(answer.body);
  }

 private:
  Status open() {
    http::Session::Options options;
    options.service =
        M8_TRY(http::service_options(flags_, http::ProxyRules::from_environment(cli::environment)));
    session_ = M8_TRY(
        http::Session::create(options, lookup_, everything_, unlimited_, SystemClock::instance()));
    return {};
  }

  const cli::Values& flags_;
  NoLookup lookup_;
  net::Scope everything_;
  net::RateLimiter unlimited_{{}, SystemClock::instance()};
  std::unique_ptr<http::Session> session_;
};

Result<templates::Updated> update(const cli::Context& context) {
  const auto& arguments = context.flags.arguments();
  if (arguments.size() != 1)
    return Error{ErrorCode::kInvalidArgument, "templates update: give one folder, archive or URL"};
  templates::UpdateOptions options;
  options.source = arguments.front();
  options.destination = templates_folder(context.flags);
  options.sha256 = context.flags.text("sha256");
  options.unchecked = context.flags.on("unchecked");
  const cli::Signals signals;
  Fetcher fetcher(context.flags);
  return templates::update_templates(
      options, [&](const std::string& url, std::stop_token stop) { return fetcher.get(url, stop); },
      signals.token());
}

int run(const cli::Context& context) {
  const auto updated = update(context);
  if (!updated.ok()) return cli::fail(context.program, updated.error());
  std::string text = fmt::format("{} templates, {} files, {} bytes", updated->templates,
                                 updated->files, updated->bytes);
  if (updated->left_out > 0) text += fmt::format("; {} links left out", updated->left_out);
  text += updated->verified         ? "; checksum verified"
          : updated->sha256.empty() ? ""
                                    : "; sha256 " + updated->sha256 + ", not verified";
  if (!updated->previous.empty()) text += "; the former ones are in " + updated->previous;
  say(context, text);
  return cli::kDone;
}

}  // namespace

cli::Command templates_update_command() {
  constexpr const char* kSection = "Templates";
  cli::Command command;
  command.name = "templates update";
  command.brief = "install templates from a folder, an archive or a URL";
  command.detail =
      "Archives are tar (plain, gzip, bzip2, xz, zstd, lz4) and zip. They are checked and unpacked "
      "beside the templates folder, which is then exchanged in one step; the former one stays as "
      "FOLDER.old until the next update. Links are left out, paths that lead out of the folder, "
      "more than 200,000 files or 1 GiB are refused. After an error nothing has changed.";
  command.arguments = "SOURCE";
  command.flags = {
      templates_folder_flag(),
      cli::common(cli::detailed(
          cli::valued(kSection, "sha256", {}, "HEX", "checksum that the archive must have"),
          "Without it the first word of SOURCE.sha256 is taken, if that is there.")),
      cli::switched(kSection, "unchecked", {}, "take a URL without any checksum")};
  for (const cli::Flag& flag : http::service_flags()) command.flags.push_back(flag);
  command.examples = {"num8 templates update -ud /tmp/m8-templates examples/templates"};
  command.run = run;
  return command;
}

}  // namespace m8::num8
