// Records that the tests of this room share.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/temp_file.h"
#include "store/store.h"

namespace m8::test {

inline WallTime at_second(int seconds) {
  return WallTime(std::chrono::seconds(1'700'000'000 + seconds));
}

inline model::Hostname make_hostname(const std::string& name,
                                     const std::string& domain = "example.com", int second = 0) {
  model::Hostname record;
  record.domain = domain;
  record.hostname = name;
  record.sources = {"bruteforce"};
  record.first_seen = record.last_seen = at_second(second);
  record.a = {"192.0.2.1", "192.0.2.2"};
  record.cname = {"web.example.net"};
  record.resolver = "127.0.0.1:53";
  return record;
}

inline std::vector<model::Hostname> make_hostnames(int count, int from = 0) {
  std::vector<model::Hostname> batch;
  for (int i = from; i < from + count; ++i) {
    batch.push_back(make_hostname(fmt::format("host-{:06}.example.com", i)));
  }
  return batch;
}

inline model::Finding make_finding(const std::string& id, const std::string& url, int second = 0) {
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = id;
  info->name = "Name of " + id;
  info->severity = model::Severity::kHigh;
  info->tags = {"a", "b"};
  model::Finding finding;
  finding.info = info;
  finding.host = "a.com";
  finding.matched_at = url;
  finding.timestamp = at_second(second);
  return finding;
}

inline model::Issue make_issue(const std::string& id, const std::string& url, int second = 0) {
  return model::to_issue(make_finding(id, url, second));
}

inline TempDirectory make_directory() {
  auto directory = TempDirectory::create("/tmp");
  REQUIRE(directory.ok());
  return std::move(directory).value();
}

inline std::unique_ptr<store::Store> open_ok(const std::string& url,
                                             const store::OpenOptions& options = {}) {
  auto opened = store::open_store(url, options);
  if (!opened.ok()) FAIL(opened.error().message);
  return std::move(opened).value();
}

template <typename Record>
store::Each<Record> collect(std::vector<Record>& into) {
  return [&into](const Record& record) {
    into.push_back(record);
    return Status();
  };
}

inline std::vector<model::Hostname> hostnames_of(store::Store& store,
                                                 const store::HostnameFilter& filter = {}) {
  std::vector<model::Hostname> rows;
  REQUIRE(store.for_each_hostname(filter, collect(rows)).ok());
  return rows;
}

/// "new:a.org gone:b.org": kinds and names, in the store's order.
inline std::string changes_of(store::Store& store, const store::ChangeFilter& filter) {
  std::string out;
  const auto add = [&out](const model::HostnameChange& change) -> Status {
    if (!out.empty()) out += ' ';
    out += std::string(to_string(change.kind)) + ":" + change.now.hostname;
    return {};
  };
  REQUIRE(store.for_each_change(filter, add).ok());
  return out;
}

inline std::vector<model::Issue> issues_of(store::Store& store,
                                           const store::IssueFilter& filter = {}) {
  std::vector<model::Issue> rows;
  REQUIRE(store.for_each_issue(filter, collect(rows)).ok());
  return rows;
}

}  // namespace m8::test
