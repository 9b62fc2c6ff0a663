/// EndpointChange: what became of an endpoint between then and now: itself, its technologies, its
/// certificate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/change_kind.h"
#include "model/endpoint.h"

namespace m8::model {

/// What is remembered of a server's certificate. All empty: none was seen.
struct Certificate {
  std::string sha256, subject, issuer;
  WallTime not_after{};

  bool operator==(const Certificate& other) const { return sha256 == other.sha256; }
};

/// What is compared.
struct EndpointState {
  bool live = true;
  int status = 0;
  std::string title, server;
  std::vector<std::string> technologies;
  Certificate certificate;
};

struct EndpointChange {
  ChangeKind kind = ChangeKind::kNew;
  Endpoint now;  ///< as Store::for_each_endpoint() gives it
  Certificate certificate;
  EndpointState was;  ///< for all kinds but kNew

  /// What differs: "status", "title", "server", "technologies", "certificate"; only of kChanged.
  std::vector<std::string> fields() const;
};

/// The certificate that \p endpoint showed.
Certificate certificate_of(const Endpoint& endpoint);

/// The difference to what was at \p since, as for hostnames; \p first_seen and \p now are the
/// endpoint's.
std::optional<EndpointChange> change_of(EndpointChange now, WallTime first_seen, WallTime since,
                                        std::optional<EndpointState> before);

}  // namespace m8::model
