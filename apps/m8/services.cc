#include "services.h"

#include <fmt/format.h>

#include "cli/environment.h"
#include "http/service_flags.h"

namespace m8::app {
namespace {

/// Services look names up by the system, so nothing is asked of this.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string&, Callback done) override {
    done(Error{ErrorCode::kUnsupported, "no targets here"});
  }
};

}  // namespace

Result<std::unique_ptr<Services>> Services::open(const cli::Values& flags) {
  std::unique_ptr<Services> made(new Services);
  made->lookup_ = std::make_unique<NoLookup>();
  made->unlimited_.emplace(net::RateLimiter::Options{}, SystemClock::instance());
  http::Session::Options options;
  options.service =
      M8_TRY(http::service_options(flags, http::ProxyRules::from_environment(cli::environment)));
  made->session_ = M8_TRY(http::Session::create(options, *made->lookup_, made->everything_,
                                                *made->unlimited_, SystemClock::instance()));
  return made;
}

Result<std::string> Services::get(const std::string& url, std::stop_token stop) {
  const auto parsed = net::Url::parse(url);
  if (!parsed.ok() || (parsed->scheme != "http" && parsed->scheme != "https"))
    return Error{ErrorCode::kInvalidArgument, "not an http(s) URL"};
  http::Request request;
  request.url = *parsed;
  request.timeout = std::chrono::seconds(10);
  const auto response = M8_TRY(session_->call(request, std::move(stop)));
  if (response.status != 200)
    return Error{ErrorCode::kProtocol, fmt::format("{}: status {}", parsed->host, response.status)};
  return response.body;
}

}  // namespace m8::app
