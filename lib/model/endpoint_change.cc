#include "model/endpoint_change.h"

#include <utility>

namespace m8::model {
namespace {

std::optional<ChangeKind> kind_of(const EndpointChange& change, WallTime first_seen, WallTime since,
                                  const std::optional<EndpointState>& before) {
  const bool live = change.now.live;
  if (first_seen >= since) return live ? std::optional(ChangeKind::kNew) : std::nullopt;
  if (!before || (!before->live && !live)) return std::nullopt;
  if (!before->live) return ChangeKind::kReturned;
  return live ? ChangeKind::kChanged : ChangeKind::kGone;
}

}  // namespace

std::vector<std::string> EndpointChange::fields() const {
  std::vector<std::string> names;
  if (kind != ChangeKind::kChanged) return names;
  if (was.status != now.status) names.emplace_back("status");
  if (was.title != now.title) names.emplace_back("title");
  if (was.server != now.server) names.emplace_back("server");
  if (was.technologies != now.technologies) names.emplace_back("technologies");
  if (!(was.certificate == certificate)) names.emplace_back("certificate");
  return names;
}

Certificate certificate_of(const Endpoint& endpoint) {
  if (!endpoint.tls || !endpoint.tls->has_certificate) return {};
  const net::TlsPeer& peer = *endpoint.tls;
  return {peer.sha256, peer.subject_dn, peer.issuer_dn, peer.not_after};
}

std::optional<EndpointChange> change_of(EndpointChange now, WallTime first_seen, WallTime since,
                                        std::optional<EndpointState> before) {
  const auto kind = kind_of(now, first_seen, since, before);
  if (!kind) return std::nullopt;
  now.kind = *kind;
  if (before && *kind != ChangeKind::kNew) now.was = *std::move(before);
  // What came and went in between is no difference.
  if (*kind == ChangeKind::kChanged && now.fields().empty()) return std::nullopt;
  return now;
}

}  // namespace m8::model
