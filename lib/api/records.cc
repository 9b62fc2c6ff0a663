#include "api/records.h"

#include <chrono>
#include <string_view>

#include "model/severity.h"
#include "store/columns.h"
#include "store/pages.h"

namespace m8::api {
namespace {

void append_field(std::string& out, std::string_view key, std::string_view text) {
  out += key;
  json::append_quoted(out, text);
}

/// A list of texts that \p end separates, as an array.
void append_list(std::string& out, std::string_view key, std::string_view texts, char end) {
  out += key;
  out += '[';
  for (bool first = true; !texts.empty(); first = false) {
    const std::string_view one = texts.substr(0, texts.find(end));
    texts.remove_prefix(std::min(one.size() + 1, texts.size()));
    if (!first) out += ',';
    json::append_quoted(out, one);
  }
  out += ']';
}

/// \p digits comes from the database: a whole number.
void append_number(std::string& out, std::string_view key, std::string_view digits) {
  out += key;
  out += digits.empty() ? std::string_view("0") : digits;
}

void append_flag(std::string& out, std::string_view key, bool flag) {
  out += key;
  out += flag ? "true" : "false";
}

/// \p value in \p digits digits at \p out.
char* put_digits(char* out, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

json::Writer& time_field(json::Writer& out, std::string_view key, WallTime time) {
  return out.key(key).value(rfc3339(time));
}

void time_or_null(json::Writer& out, std::string_view key, const std::optional<WallTime>& time) {
  if (time) {
    time_field(out, key, *time);
  } else {
    out.key(key).null();
  }
}

}  // namespace

void append_time(std::string& out, std::int64_t millis) {
  using namespace std::chrono;
  if (millis <= 0 || millis > 253'402'300'799'999) {  // the year 9999
    out += "null";
    return;
  }
  const sys_time<milliseconds> time{milliseconds(millis)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto of_day = static_cast<unsigned>((time - day).count());
  char text[26];
  char* at = text;
  *at++ = '"';
  at = put_digits(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put_digits(at, of_day / 3'600'000, 2);
  *at++ = ':';
  at = put_digits(at, of_day / 60'000 % 60, 2);
  *at++ = ':';
  at = put_digits(at, of_day / 1000 % 60, 2);
  *at++ = '.';
  at = put_digits(at, of_day % 1000, 3);
  *at++ = 'Z';
  *at++ = '"';
  out.append(text, static_cast<std::size_t>(at - text));
}

void append_endpoint(std::string& out, const store::Row& row) {
  using namespace store::endpoint_row;
  append_field(out, R"({"url":)", row.text(kUrl));
  append_field(out, R"(,"hostname":)", row.text(kHostname));
  append_field(out, R"(,"ip":)", row.text(kIp));
  append_number(out, R"(,"port":)", row.text(kPort));
  append_number(out, R"(,"status":)", row.text(kStatus));
  append_field(out, R"(,"title":)", row.text(kTitle));
  append_field(out, R"(,"server":)", row.text(kServer));
  append_list(out, R"(,"technologies":)", row.text(kTechnologies), '\n');
  append_flag(out, R"(,"live":)", row.integer(kLive) != 0);
  out += R"(,"first_seen":)";
  append_time(out, row.integer(kFirstSeen));
  out += R"(,"last_seen":)";
  append_time(out, row.integer(kLastSeen));
  out += '}';
}

void append_hostname(std::string& out, const store::Row& row) {
  using namespace store::hostname_row;
  append_number(out, R"({"id":)", row.text(kId));
  append_field(out, R"(,"domain":)", row.text(kDomain));
  append_field(out, R"(,"hostname":)", row.text(kHostname));
  append_list(out, R"(,"sources":)", row.text(kSources), ' ');
  append_list(out, R"(,"a":)", row.text(kA), ' ');
  append_list(out, R"(,"aaaa":)", row.text(kAaaa), ' ');
  append_list(out, R"(,"cname":)", row.text(kCname), ' ');
  append_field(out, R"(,"resolver":)", row.text(kResolver));
  append_field(out, R"(,"wildcard":)", row.text(kWildcard));
  append_flag(out, R"(,"live":)", row.integer(kLive) != 0);
  out += R"(,"first_seen":)";
  append_time(out, row.integer(kFirstSeen));
  out += R"(,"last_seen":)";
  append_time(out, row.integer(kLastSeen));
  out += '}';
}

void write_domain(json::Writer& out, const model::Domain& domain) {
  out.object().field("name", domain.name).field("enabled", domain.enabled);
  time_field(out, "first_seen", domain.first_seen).end();
}

void write_run(json::Writer& out, const model::Run& run) {
  const bool ended = run.ended >= run.started && run.status != "running";
  out.object().field("id", run.id).field("command", run.command);
  out.field("arguments", run.arguments).field("version", run.version).field("status", run.status);
  time_field(out, "started", run.started);
  time_or_null(out, "ended", ended ? std::optional(run.ended) : std::nullopt);
  out.key("counts").object();
  for (const auto& [name, count] : run.counts) out.field(name, count);
  out.end().end();
}

void write_issue(json::Writer& out, const model::Issue& issue, bool whole) {
  out.object().field("id", issue.id).field("signature", issue.signature);
  out.field("template", issue.template_id)
      .field("name", issue.name)
      .field("matcher", issue.matcher);
  out.field("severity", model::to_string(issue.severity));
  out.field("status", model::status_name(issue.status));
  out.field("host", issue.host).field("matched_at", issue.matched_at).field("tags", issue.tags);
  time_field(out, "first_seen", issue.first_seen);
  time_field(out, "last_seen", issue.last_seen);
  time_or_null(out, "gone", issue.gone);
  out.field("first_run", issue.first_run).field("last_run", issue.last_run);
  if (whole && !issue.event.empty()) out.key("event").raw(issue.event);
  out.end();
}

void write_scan(json::Writer& out, const store::ScanRequest& scan) {
  out.object().field("id", scan.id).field("type", scan.type).field("target", scan.target);
  out.key("options").raw(scan.options.empty() ? "{}" : scan.options);
  out.field("owner", scan.owner).field("state", scan.state);
  time_field(out, "created", scan.created);
  time_or_null(out, "started", scan.started);
  time_or_null(out, "ended", scan.ended);
  out.field("run", scan.run).field("found", scan.found).field("reason", scan.reason).end();
}

}  // namespace m8::api
