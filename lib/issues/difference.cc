#include "issues/difference.h"

#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "issues/record.h"
#include "output/markdown.h"
#include "output/table.h"

namespace m8::issues {
namespace {

using Each = std::function<Status(const Difference&)>;
using model::ChangeKind;

constexpr std::pair<Subject, const char*> kSubjects[] = {{Subject::kHost, "host"},
                                                         {Subject::kEndpoint, "endpoint"},
                                                         {Subject::kTechnology, "technology"},
                                                         {Subject::kCertificate, "certificate"},
                                                         {Subject::kIssue, "issue"}};

Difference make(Subject subject, ChangeKind kind, std::string name, std::string before,
                std::string now) {
  Difference difference{subject, kind, std::move(name), {}, std::move(before), std::move(now), {}};
  if (kind == ChangeKind::kChanged) {
    difference.detail = difference.before + " -> " + difference.now;
  } else {
    difference.detail = kind == ChangeKind::kGone ? difference.before : difference.now;
  }
  return difference;
}

std::string joined(std::initializer_list<const std::vector<std::string>*> lists) {
  std::string out;
  for (const auto* list : lists) {
    for (const std::string& item : *list) out += (out.empty() ? "" : " ") + item;
  }
  return out;
}

Status each_host(store::Store& store, const store::ChangeSpan& span, const Each& each) {
  return store.for_each_change({"", span.since, span.until},
                               [&](const model::HostnameChange& change) {
                                 const auto& [now, was] = std::tie(change.now, change.was);
                                 return each(make(Subject::kHost, change.kind, now.hostname,
                                                  joined({&was.cname, &was.a, &was.aaaa}),
                                                  joined({&now.cname, &now.a, &now.aaaa})));
                               });
}

std::string endpoint_text(int status, const std::string& title, const std::string& server) {
  return fmt::format("[{}] {}{}{}", status, title, title.empty() || server.empty() ? "" : ", ",
                     server);
}

/// "Nginx:1.22" as name and version.
std::map<std::string, std::string> versions_of(const std::vector<std::string>& technologies) {
  std::map<std::string, std::string> out;
  for (const std::string& text : technologies) {
    const std::size_t colon = text.rfind(':');
    out[text.substr(0, colon)] = colon == text.npos ? "" : text.substr(colon + 1);
  }
  return out;
}

Status each_technology(const model::EndpointChange& change, const Each& each) {
  if (change.kind == ChangeKind::kGone) return {};  // the endpoint says so
  const auto was = versions_of(change.was.technologies), now = versions_of(change.now.technologies);
  const auto tell = [&](ChangeKind kind, const std::string& name, const std::string& before,
                        const std::string& after) {
    const auto with = [&name](const std::string& version) {
      return version.empty() ? name : name + " " + version;
    };
    return each(make(Subject::kTechnology, kind, change.now.url,
                     kind == ChangeKind::kNew ? "" : with(before),
                     kind == ChangeKind::kGone ? "" : with(after)));
  };
  for (const auto& [name, version] : now) {
    const auto before = was.find(name);
    if (before == was.end()) {
      M8_TRY(tell(ChangeKind::kNew, name, "", version));
    } else if (before->second != version) {
      M8_TRY(tell(ChangeKind::kChanged, name, before->second, version));
    }
  }
  for (const auto& [name, version] : was) {
    if (!now.contains(name)) M8_TRY(tell(ChangeKind::kGone, name, version, ""));
  }
  return {};
}

std::string certificate_text(const model::Certificate& certificate) {
  if (certificate.sha256.empty()) return {};
  return fmt::format("{} by {} until {} ({})", certificate.subject, certificate.issuer,
                     rfc3339(certificate.not_after).substr(0, 10),
                     certificate.sha256.substr(0, 16));
}

Status tell_certificate(const model::EndpointChange& change, const Each& each) {
  const bool had = !change.was.certificate.sha256.empty();
  if (change.kind == ChangeKind::kGone || change.certificate.sha256.empty()) return {};
  if (change.was.certificate == change.certificate) return {};
  return each(make(Subject::kCertificate, had ? ChangeKind::kChanged : ChangeKind::kNew,
                   change.now.url, certificate_text(change.was.certificate),
                   certificate_text(change.certificate)));
}

/// Its status, title and server differ, or it is there or not.
bool is_endpoint_change(const model::EndpointChange& change) {
  if (change.kind != ChangeKind::kChanged) return true;
  for (const std::string& field : change.fields()) {
    if (field != "technologies" && field != "certificate") return true;
  }
  return false;
}

Status each_endpoint(store::Store& store, const store::ChangeSpan& span,
                     const std::set<Subject>& subjects, const Each& each) {
  return store.life().for_each_endpoint_change(
      span, [&](const model::EndpointChange& change) -> Status {
        const auto& [now, was] = std::tie(change.now, change.was);
        if (subjects.contains(Subject::kEndpoint) && is_endpoint_change(change)) {
          M8_TRY(each(make(Subject::kEndpoint, change.kind, now.url,
                           endpoint_text(was.status, was.title, was.server),
                           endpoint_text(now.status, now.title, now.server))));
        }
        if (subjects.contains(Subject::kTechnology)) M8_TRY(each_technology(change, each));
        if (subjects.contains(Subject::kCertificate)) M8_TRY(tell_certificate(change, each));
        return {};
      });
}

std::string issue_text(char status, model::Severity severity) {
  return fmt::format("{}, {}", to_string(severity), model::status_name(status));
}

Status each_issue(store::Store& store, const store::ChangeSpan& span, const Each& each) {
  return store.life().for_each_issue_change(span, [&](const model::IssueChange& change) {
    const model::Issue& now = change.now;
    const std::string matcher = now.matcher.empty() ? "" : ":" + now.matcher;
    Difference difference = make(
        Subject::kIssue, change.kind,
        fmt::format("{}{} {}", now.template_id, matcher, now.matched_at),
        change.kind == ChangeKind::kNew ? "" : issue_text(change.was.status, change.was.severity),
        issue_text(now.status, now.severity));
    difference.issue = now;
    return each(difference);
  });
}

std::string json_of(const Difference& difference) {
  json::Writer w;
  w.object().field("change", to_string(difference.kind));
  w.field("subject", to_string(difference.subject)).field("name", difference.name);
  w.field("was", difference.before).field("now", difference.now);
  if (difference.issue) write_issue(w, *difference.issue);
  return w.end().take() + '\n';
}

}  // namespace

const char* to_string(Subject subject) {
  for (const auto& [known, name] : kSubjects) {
    if (known == subject) return name;
  }
  return "";
}

std::optional<Subject> parse_subject(std::string_view text) {
  if (text == "technologies") return Subject::kTechnology;
  for (const auto& [subject, name] : kSubjects) {
    if (text == name || text == std::string(name) + "s") return subject;
  }
  return std::nullopt;
}

Status each_difference(store::Store& store, const DifferenceOptions& options, const Each& each) {
  const store::ChangeSpan span(options.since, options.until);
  std::set<Subject> subjects = options.subjects;
  if (subjects.empty()) {
    for (const auto& [subject, name] : kSubjects) subjects.insert(subject);
  }
  if (subjects.contains(Subject::kHost)) M8_TRY(each_host(store, span, each));
  const bool endpoints = subjects.contains(Subject::kEndpoint) ||
                         subjects.contains(Subject::kTechnology) ||
                         subjects.contains(Subject::kCertificate);
  if (endpoints) M8_TRY(each_endpoint(store, span, subjects, each));
  return subjects.contains(Subject::kIssue) ? each_issue(store, span, each) : Status();
}

std::string DifferenceLines::text(const Difference& difference) {
  if (form_ == "jsonl") return json_of(difference);
  const output::Table table({{"CHANGE", 8}, {"WHAT", 11}, {"NAME", 40}, {"DETAIL", 0}});
  const bool first = std::exchange(first_, false);
  const char* const kind = to_string(difference.kind);
  const char* const subject = to_string(difference.subject);
  if (form_ == "table") {
    return (first ? table.header() : "") +
           table.row({kind, subject, difference.name, difference.detail});
  }
  return fmt::format("{}| {} | {} | {} | {} |\n",
                     first ? "| change | what | name | detail |\n|---|---|---|---|\n" : "", kind,
                     subject, output::markdown_text(difference.name),
                     output::markdown_text(difference.detail));
}

}  // namespace m8::issues
