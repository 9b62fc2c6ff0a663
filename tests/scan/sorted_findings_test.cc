#include "scan/sorted_findings.h"

#include <memory>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;

namespace {

model::Finding finding(const std::string& id, const std::string& place, const std::string& name) {
  model::Finding out;
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = id;
  out.info = std::move(info);
  out.matched_at = place;
  out.matcher_name = name;
  return out;
}

}  // namespace

TEST_CASE("scan/sorted_findings: targets in their order, and what is found on one in its own") {
  std::string out;
  scan::SortedFindings sorted(1, [&](model::Finding one) {
    out += fmt::format("{}{}{} ", one.info->id, one.matched_at, one.matcher_name);
  });
  sorted.add(3, {finding("a", "/3", "")});
  sorted.add(2, {});
  CHECK(out.empty());
  CHECK(sorted.waiting() == 2);
  sorted.add(1, {finding("b", "/1", "y"), finding("b", "/1", "x"), finding("a", "/2", "z"),
                 finding("a", "/1", "z")});
  CHECK(out == "a/1z a/2z b/1x b/1y a/3 ");
  CHECK(sorted.waiting() == 0);
  sorted.add(6, {finding("d", "/6", "")});
  sorted.add(5, {finding("c", "/5", "")});
  CHECK(sorted.waiting() == 2);
  sorted.flush();  // the fourth was never over
  CHECK(out == "a/1z a/2z b/1x b/1y a/3 c/5 d/6 ");
}
