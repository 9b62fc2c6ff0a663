#include "plan.h"

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace m8::num8 {
namespace {

constexpr std::size_t kNamedRefusals = 100;

struct Targets {
  std::uint64_t inside = 0, outside = 0, unprobed = 0;
  std::vector<std::string> refused;  ///< "TARGET<TAB>reason"
};

/// The questions that the engine asks before it admits a target.
std::string refusal_of(const model::TargetSpec& spec, const ScanSettings& settings) {
  if (spec.kind == model::TargetSpec::Kind::kHost && !settings.engine.probe)
    return "no scheme, and probing is off";
  const bool inside = spec.kind == model::TargetSpec::Kind::kUrl
                          ? settings.scope.allows_url(spec.url)
                          : settings.scope.allows_host(spec.url.host);
  return inside ? std::string() : "outside the scope";
}

Result<Targets> read_all(model::TargetReader& reader, const ScanSettings& settings,
                         const std::stop_token& stop) {
  Targets out;
  for (;;) {
    const auto spec = M8_TRY(reader.next(stop));
    if (!spec) return out;
    const std::string reason = refusal_of(*spec, settings);
    if (reason.empty()) {
      ++out.inside;
      continue;
    }
    ++(reason.starts_with("outside") ? out.outside : out.unprobed);
    if (out.refused.size() < kNamedRefusals) out.refused.push_back(spec->input + '\t' + reason);
  }
}

std::string rate_text(const net::Rate& rate) {
  return rate.unlimited() ? "unlimited" : fmt::format("{:g}/s", rate.per_second);
}

void print_reasons(const char* what, const std::vector<templates::Rejected>& rejected) {
  for (const auto& [reason, count] : templates::Catalog::by_reason(rejected))
    fmt::print("{}\t{}\t{}\n", what, count, reason);
}

void print_templates(const templates::Catalog& catalog) {
  for (const auto& one : catalog.templates) {
    const model::TemplateInfo& info = one->info();
    fmt::print("template\t{}\t{}\t{} requests\t{}\n", info.id, model::to_string(info.severity),
               one->request_count(), info.path);
  }
}

}  // namespace

Status print_plan(const templates::Catalog& catalog, const scan::Templates& scheduled,
                  model::TargetReader& reader, const ScanSettings& settings, std::stop_token stop) {
  std::uint64_t per_target = 0, once = 0;
  for (const auto& one : scheduled)
    (one->self_contained() ? once : per_target) += static_cast<std::uint64_t>(one->request_count());
  const Targets targets = M8_TRY(read_all(reader, settings, stop));
  fmt::print("targets\t{}\noutside the scope\t{}\nduplicates\t{}\nnot a target\t{}\n",
             targets.inside, targets.outside, reader.counts().duplicates, reader.counts().rejected);
  fmt::print("templates\t{}\nrequests per target, at most\t{}\nrequests, at most\t{}\n",
             catalog.templates.size(), per_target, per_target * targets.inside + once);
  fmt::print("rate\t{}\nrate per host\t{}\ntargets at once\t{}\ntemplates at once\t{}\n",
             rate_text(settings.rates.global), rate_text(settings.rates.per_key),
             settings.engine.targets_at_once, settings.engine.templates_at_once);
  for (const std::string& line : targets.refused) fmt::print("refused\t{}\n", line);
  print_reasons("template not supported", catalog.unsupported);
  print_reasons("template left out for want of", catalog.excluded);
  for (const auto& one : catalog.invalid)
    fmt::print("template invalid\t{}\t{}\n", one.path, one.reason);
  if (settings.details) print_templates(catalog);
  return {};
}

}  // namespace m8::num8
