#include "witnesses.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/file.h"
#include "cli/make_flag.h"
#include "protocols/explanation.h"
#include "protocols/protocol.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kShownDump = 1u << 20;
constexpr std::size_t kLongestHost = 60, kLongestId = 100;
constexpr const char* kDefaultFolder = "output";

void print(std::FILE* to, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

std::string dump(const protocols::Execution& execution, const char* what, std::string_view url,
                 std::string_view text) {
  return fmt::format("[{}] {} {}\n\n{}\n", execution.info->id, what, url,
                     protocols::indented(text, "", kShownDump));
}

}  // namespace

void Explainer::evaluated(const protocols::Evaluated& event) {
  print(stdout, protocols::explanation(event, redactor_.text(event.request),
                                       redactor_.text(event.response), services_));
}

void Explainer::failed(const protocols::Execution& execution, std::string_view block,
                       const net::Url& url, std::string_view request, const Error& error) {
  print(stdout, fmt::format("[{}] {} {}\n  sent {} bytes:\n{}  no answer: {}\n", execution.info->id,
                            block, url.to_string(), request.size(),
                            protocols::indented(redactor_.text(request), "  > ", kShownDump),
                            error.message));
}

void Dumper::sending(const protocols::Execution& execution, std::string_view, const net::Url& url,
                     std::string_view request) {
  if (requests_)
    print(stderr,
          dump(execution, "Dumped HTTP request for", url.to_string(), redactor_.text(request)));
}

void Dumper::evaluated(const protocols::Evaluated& event) {
  if (responses_)
    print(stderr,
          dump(event.execution, "Dumped HTTP response", event.url, redactor_.text(event.response)));
}

void Dumper::failed(const protocols::Execution& execution, std::string_view, const net::Url& url,
                    std::string_view, const Error& error) {
  print(stderr, fmt::format("[{}] no answer from {}: {}\n", execution.info->id, url.to_string(),
                            error.message));
}

std::string stored_name(std::string_view target, std::string_view template_id) {
  std::string name(target);
  for (const std::string_view scheme : {"https:", "http:"})
    if (const auto at = name.find(scheme); at != name.npos) name.erase(at, scheme.size());
  if (name.starts_with("//")) name.erase(0, 2);
  name.resize(std::min(name.size(), kLongestHost));
  name += fmt::format("_{}", template_id.substr(0, kLongestId));
  for (char& c : name) {
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (control || std::string_view("/\\-.").find(c) != std::string_view::npos) c = '_';
  }
  return name;
}

void ResponseStore::evaluated(const protocols::Evaluated& event) {
  add(event.execution,
      dump(event.execution, "Dumped HTTP request for", event.url, redactor_.text(event.request)) +
          dump(event.execution, "Dumped HTTP response", event.url, redactor_.text(event.response)));
}

void ResponseStore::failed(const protocols::Execution& execution, std::string_view,
                           const net::Url& url, std::string_view request, const Error& error) {
  add(execution,
      dump(execution, "Dumped HTTP request for", url.to_string(), redactor_.text(request)) +
          fmt::format("no answer: {}\n\n", error.message));
}

void ResponseStore::note(const Status& status) {
  if (status.ok()) return;
  auto failed = failed_.lock();
  if (failed->ok()) *failed = status;
}

void ResponseStore::add(const protocols::Execution& execution, std::string text) {
  const std::string path = fmt::format("{}/http/{}.txt", folder_,
                                       stored_name(execution.target.input, execution.info->id));
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return note(errno_error(path, errno));
  (void)files_.write(output::AsyncFileWriter::adopt(std::move(fd), path), std::move(text),
                     [this](const Status& status) { note(status); });
}

Status ResponseStore::end() {
  files_.close();
  const Status status = *failed_.lock();
  return status.ok() ? status : status.error().with_context("--store-resp");
}

std::vector<cli::Flag> Witnesses::flags() {
  const char* in = "Debug";
  cli::Flag folder = with_default(
      cli::valued("Output", "store-resp-dir", {"srd"}, "DIR", "where --store-resp writes"),
      kDefaultFolder);
  folder.complete = cli::Complete::kDirectory;
  folder.detail = "Another folder than the default one switches --store-resp on.";
  return {
      common(detailed(
          cli::switched(in, "explain", {}, "say why one template matches or not"),
          "For one template: what was sent, what came back, every extractor's values, and for "
          "every matcher each value that it tried, with the offset where it was found or what was "
          "there instead. On stdout; targets one by one.")),
      cli::switched(in, "debug", {}, "print all requests and responses on stderr"),
      cli::switched(in, "debug-req", {"dreq"}, "print all requests on stderr"),
      cli::switched(in, "debug-resp", {"dresp"}, "print all responses on stderr"),
      detailed(cli::switched("Output", "store-resp", {"sresp"}, "keep all requests and responses"),
               "As text in DIR/http/HOST_TEMPLATE.txt, readable by you alone."),
      folder,
  };
}

bool Witnesses::watch(const cli::Values& flags) {
  for (const char* flag : {"explain", "debug", "debug-req", "debug-resp", "store-resp"})
    if (flags.on(flag)) return true;
  return flags.text("store-resp-dir") != kDefaultFolder;
}

Status Witnesses::open(const cli::Values& flags, const output::Redactor& redactor,
                       dsl::Services& services) {
  if (flags.on("explain")) all_.push_back(std::make_unique<Explainer>(redactor, services));
  const bool both = flags.on("debug");
  const bool requests = both || flags.on("debug-req"), responses = both || flags.on("debug-resp");
  if (requests || responses)
    all_.push_back(std::make_unique<Dumper>(redactor, requests, responses));
  const std::string folder = flags.text("store-resp-dir");
  if (!flags.on("store-resp") && folder == kDefaultFolder) return {};
  std::error_code failed;
  std::filesystem::create_directories(folder + "/http", failed);
  if (failed) return errno_error(folder, failed.value());
  auto store = std::make_unique<ResponseStore>(folder, redactor);
  store_ = store.get();
  all_.push_back(std::move(store));
  return {};
}

void Witnesses::sending(const protocols::Execution& execution, std::string_view block,
                        const net::Url& url, std::string_view request) {
  for (const auto& one : all_) one->sending(execution, block, url, request);
}

void Witnesses::evaluated(const protocols::Evaluated& event) {
  for (const auto& one : all_) one->evaluated(event);
}

void Witnesses::failed(const protocols::Execution& execution, std::string_view block,
                       const net::Url& url, std::string_view request, const Error& error) {
  for (const auto& one : all_) one->failed(execution, block, url, request, error);
}

}  // namespace m8::num8
