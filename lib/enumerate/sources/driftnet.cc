// driftnet: certificates, protocols, domains and reverse DNS, each by a request of its own.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

constexpr std::string_view kPaths[] = {
    "/v1/ct/"
    "log?field=host:{domain}&summarize=host&summary_context=cert-dns-name&summary_limit=10000",
    "/v1/scan/"
    "protocols?field=host:{domain}&summarize=host&summary_context=cert-dns-name&summary_limit="
    "10000",
    "/v1/scan/"
    "domains?field=host:{domain}&summarize=host&summary_context=cert-dns-name&summary_limit=10000",
    "/v1/domain/rdns?host={domain}&summarize=host&summary_context=dns-ptr&summary_limit=10000",
};

Status ask_all(Query& query) {
  for (const std::string_view path : kPaths) query.take(M8_TRY(query.get(path)));
  return {};
}

}  // namespace

extern constinit const Source kDriftnet{
    .name = "driftnet",
    .url = "https://api.driftnet.io",
    .key = Key::kRequired,
    .recursive = true,
    .headers = "Authorization: Bearer {key}",
    .names = "summary.values{}",
    .run = ask_all,
};

}  // namespace m8::enumerate::sources
