#include "model/hostname_change.h"

#include <utility>

namespace m8::model {
namespace {

using Kind = HostnameChange::Kind;

constexpr std::pair<Kind, const char*> kNames[] = {{Kind::kNew, "new"},
                                                   {Kind::kChanged, "changed"},
                                                   {Kind::kGone, "gone"},
                                                   {Kind::kReturned, "returned"}};

bool same_records(const Hostname& now, const HostnameChange::Before& was) {
  return now.a == was.a && now.aaaa == was.aaaa && now.cname == was.cname;
}

std::optional<Kind> kind_of(const Hostname& now, WallTime since,
                            const std::optional<HostnameChange::Before>& before) {
  if (now.first_seen >= since) return now.live ? std::optional(Kind::kNew) : std::nullopt;
  if (!before || (!before->live && !now.live)) return std::nullopt;
  if (!before->live) return Kind::kReturned;
  if (!now.live) return Kind::kGone;
  return same_records(now, *before) ? std::nullopt : std::optional(Kind::kChanged);
}

}  // namespace

const char* to_string(HostnameChange::Kind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "";
}

std::optional<HostnameChange::Kind> parse_change_kind(std::string_view text) {
  for (const auto& [kind, name] : kNames) {
    if (text == name) return kind;
  }
  return std::nullopt;
}

std::optional<HostnameChange> change_of(Hostname now, WallTime since,
                                        std::optional<HostnameChange::Before> before) {
  const auto kind = kind_of(now, since, before);
  if (!kind) return std::nullopt;
  std::optional<HostnameChange> change(std::in_place);
  change->kind = *kind;
  change->now = std::move(now);
  if (before && *kind != Kind::kNew) change->was = *std::move(before);
  return change;
}

}  // namespace m8::model
