// Every passive source: one file each, one line here.
#include "enumerate/sources/registry.h"

#include <algorithm>

namespace m8::enumerate::sources {

/// In alphabetical order.
#define M8_PASSIVE_SOURCES(SOURCE) \
  SOURCE(kAlienvault)              \
  SOURCE(kAnubis)                  \
  SOURCE(kAsk)                     \
  SOURCE(kAzuretenant)             \
  SOURCE(kBevigil)                 \
  SOURCE(kBufferover)              \
  SOURCE(kBuiltwith)               \
  SOURCE(kC99)                     \
  SOURCE(kCensys)                  \
  SOURCE(kCertspotter)             \
  SOURCE(kChaos)                   \
  SOURCE(kChinaz)                  \
  SOURCE(kColumbus)                \
  SOURCE(kCommoncrawl)             \
  SOURCE(kCrtname)                 \
  SOURCE(kCrtsh)                   \
  SOURCE(kDigitalyama)             \
  SOURCE(kDigitorus)               \
  SOURCE(kDnsdb)                   \
  SOURCE(kDnsdumpster)             \
  SOURCE(kDnshistory)              \
  SOURCE(kDnsrepo)                 \
  SOURCE(kDomainsproject)          \
  SOURCE(kDriftnet)                \
  SOURCE(kDuckduckgo)              \
  SOURCE(kFacebook)                \
  SOURCE(kFofa)                    \
  SOURCE(kFullhunt)                \
  SOURCE(kGithub)                  \
  SOURCE(kGitlab)                  \
  SOURCE(kGrepapp)                 \
  SOURCE(kHackertarget)            \
  SOURCE(kHudsonrock)              \
  SOURCE(kIntelx)                  \
  SOURCE(kLeakix)                  \
  SOURCE(kMerklemap)               \
  SOURCE(kMyssl)                   \
  SOURCE(kNetlas)                  \
  SOURCE(kOnyphe)                  \
  SOURCE(kProfundis)               \
  SOURCE(kPugrecon)                \
  SOURCE(kQuake)                   \
  SOURCE(kRapiddns)                \
  SOURCE(kRedhuntlabs)             \
  SOURCE(kRobtex)                  \
  SOURCE(kRsecloud)                \
  SOURCE(kSecuritytrails)          \
  SOURCE(kShodan)                  \
  SOURCE(kSitedossier)             \
  SOURCE(kSubdomaincenter)         \
  SOURCE(kThc)                     \
  SOURCE(kThreatbook)              \
  SOURCE(kThreatcrowd)             \
  SOURCE(kUrlscan)                 \
  SOURCE(kVirustotal)              \
  SOURCE(kWaybackarchive)          \
  SOURCE(kWhoisxmlapi)             \
  SOURCE(kWindvane)                \
  SOURCE(kZoomeyeapi)

#define M8_DECLARE(source) extern const Source source;
#define M8_LIST(source) &source,
M8_PASSIVE_SOURCES(M8_DECLARE)

namespace {

constexpr const Source* kSources[] = {M8_PASSIVE_SOURCES(M8_LIST)};

}  // namespace

std::span<const Source* const> registry() { return kSources; }

const Source* find_source(std::string_view name) {
  const auto found = std::find_if(std::begin(kSources), std::end(kSources),
                                  [&](const Source* source) { return source->name == name; });
  return found == std::end(kSources) ? nullptr : *found;
}

}  // namespace m8::enumerate::sources
