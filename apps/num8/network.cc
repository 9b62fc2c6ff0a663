#include "network.h"

namespace m8::num8 {
namespace {
class AddressLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    auto ip = net::IpAddress::parse(host);
    if (ip.ok()) return done(Addresses{*ip});
    if (host == "localhost") return done(Addresses{net::IpAddress::parse("127.0.0.1").value()});
    done(Error{ErrorCode::kNotFound, host + ": no such name"});
  }
};
}  // namespace

Result<std::unique_ptr<Network>> Network::create(const cli::Values& flags,
                                                 const ScanSettings& settings, Clock& clock) {
  (void)flags;
  std::unique_ptr<Network> network(new Network(settings, clock));
  network->lookup_ = std::make_unique<AddressLookup>();
  http::Session::Options options;
  network->session_ = M8_TRY(
      http::Session::create(options, *network->lookup_, settings.scope, network->limiter_, clock));
  return network;
}

}  // namespace m8::num8
