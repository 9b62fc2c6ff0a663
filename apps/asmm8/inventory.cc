#include "inventory.h"

#include <set>

#include <unistd.h>

#include "cli/make_flag.h"
#include "net/name.h"

namespace m8::asmm8 {

cli::Flag inventory_flag(std::string name, std::vector<std::string> aliases, const char* section,
                         std::string brief) {
  return cli::common(cli::switched(section, std::move(name), std::move(aliases), std::move(brief)));
}

cli::Flag chosen_domains_flag() {
  cli::Flag flag = inventory_flag("domain", {"d"}, "Filter", "only names of these domains");
  flag.argument = "DOMAIN,...";
  flag.repeatable = true;
  flag.complete = cli::Complete::kHost;
  return flag;
}

Result<std::vector<std::string>> chosen_domains(const cli::Values& flags, store::Store& store) {
  const auto given = flags.list("domain");
  if (given.empty()) return std::vector<std::string>{""};
  std::set<std::string> wanted;
  for (const std::string& text : given) {
    const auto name = net::Name::parse(text);
    if (!name.ok()) return name.error().with_context("--domain");
    wanted.insert(name->text());
  }
  std::set<std::string> missing = wanted;
  M8_TRY(store.for_each_domain({}, [&missing](const model::Domain& domain) {
    missing.erase(domain.name);
    return Status();
  }));
  if (missing.empty()) return std::vector<std::string>(wanted.begin(), wanted.end());
  return Error{ErrorCode::kNotFound, "no such domain in the store: " + *missing.begin()};
}

void write_hostname(json::Writer& w, const model::Hostname& record) {
  w.field("domain", record.domain).field("hostname", record.hostname);
  w.strings("sources", record.sources);
  w.field("first_seen", rfc3339(record.first_seen)).field("last_seen", rfc3339(record.last_seen));
  w.strings("a", record.a).strings("aaaa", record.aaaa).strings("cname", record.cname);
  w.field("resolver", record.resolver).field("wildcard", record.wildcard);
  w.field("live", record.live);
}

Listing::Listing() : stream_(Fd(STDOUT_FILENO), "stdout", {.flush_each = false}) {}

Status Listing::line(std::string_view text) {
  M8_TRY(stream_.write(text));
  if (stream_.closed()) return Error{ErrorCode::kCancelled, "nobody reads"};
  return {};
}

Status Listing::finish(const Status& read) {
  const Status written = stream_.flush();
  if (!read.ok() && !stream_.closed()) return read;
  return written;
}

}  // namespace m8::asmm8
