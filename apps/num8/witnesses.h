/// Who watches the requests and answers of a scan: --explain, --debug, --store-resp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "cli/flag.h"
#include "dsl/services.h"
#include "output/async_file.h"
#include "output/redact.h"
#include "protocols/witness.h"

namespace m8::num8 {

/// Says on stdout what was sent, what came back and why it matched or not.
class Explainer final : public protocols::Witness {
 public:
  /// Both are borrowed.
  Explainer(const output::Redactor& redactor, dsl::Services& services)
      : redactor_(redactor), services_(services) {}
  void sending(const protocols::Execution&, std::string_view, const net::Url&,
               std::string_view) override {}
  void evaluated(const protocols::Evaluated& event) override;
  void failed(const protocols::Execution& execution, std::string_view block, const net::Url& url,
              std::string_view request, const Error& error) override;

 private:
  const output::Redactor& redactor_;
  dsl::Services& services_;
};

/// Prints requests and responses on stderr, with the reference's headings.
class Dumper final : public protocols::Witness {
 public:
  Dumper(const output::Redactor& redactor, bool requests, bool responses)
      : redactor_(redactor), requests_(requests), responses_(responses) {}
  void sending(const protocols::Execution& execution, std::string_view block, const net::Url& url,
               std::string_view request) override;
  void evaluated(const protocols::Evaluated& event) override;
  void failed(const protocols::Execution& execution, std::string_view block, const net::Url& url,
              std::string_view request, const Error& error) override;

 private:
  const output::Redactor& redactor_;
  const bool requests_, responses_;
};

/// Adds requests and responses to files: FOLDER/http/HOST_TEMPLATE.txt (cli-and-output 6.6).
class ResponseStore final : public protocols::Witness {
 public:
  ResponseStore(std::string folder, const output::Redactor& redactor)
      : folder_(std::move(folder)), redactor_(redactor) {}
  void sending(const protocols::Execution&, std::string_view, const net::Url&,
               std::string_view) override {}
  void evaluated(const protocols::Evaluated& event) override;
  void failed(const protocols::Execution& execution, std::string_view block, const net::Url& url,
              std::string_view request, const Error& error) override;
  /// Writes what waits. The first error.
  Status end();

 private:
  void add(const protocols::Execution& execution, std::string text);
  void note(const Status& status);

  const std::string folder_;
  const output::Redactor& redactor_;
  Guarded<Status> failed_;
  output::AsyncFileWriter files_;
};

/// "127_0_0_1:8080_some_id": the name of a file of ResponseStore.
std::string stored_name(std::string_view target, std::string_view template_id);

/// All that the flags ask for, as one.
class Witnesses final : public protocols::Witness {
 public:
  static std::vector<cli::Flag> flags();
  /// Whether \p flags ask for any.
  static bool watch(const cli::Values& flags);
  /// \p redactor and \p services are borrowed. Errors of making the folder of --store-resp.
  Status open(const cli::Values& flags, const output::Redactor& redactor, dsl::Services& services);
  bool wanted() const { return !all_.empty(); }
  Status end() { return store_ ? store_->end() : Status(); }

  void sending(const protocols::Execution& execution, std::string_view block, const net::Url& url,
               std::string_view request) override;
  void evaluated(const protocols::Evaluated& event) override;
  void failed(const protocols::Execution& execution, std::string_view block, const net::Url& url,
              std::string_view request, const Error& error) override;

 private:
  std::vector<std::unique_ptr<protocols::Witness>> all_;
  ResponseStore* store_ = nullptr;  ///< one of all_
};

}  // namespace m8::num8
