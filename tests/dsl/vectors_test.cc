#include "dsl/vectors.h"

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

#include "base/file.h"

namespace m8::dsl {
namespace {

/// The vector file lies beside the test data.
std::string vector_file() {
  const char* data = std::getenv("M8_TEST_DATA");
  const char* source = std::getenv("M8_SOURCE_DIR");
  std::filesystem::path folder = source != nullptr ? source : ".";
  folder = data != nullptr ? std::filesystem::path(data) : folder / "../shared/data";
  return (folder / "../spec/dsl-vectors.tsv").lexically_normal().string();
}

TEST_CASE("dsl/vectors: every row of the development file") {
  setenv("TZ", "UTC", 1);
  const auto text = read_file(vector_file());
  if (!text.ok()) {
    MESSAGE("left out, no vector file: " << text.error().message);
    return;
  }
  const auto vectors = parse_vectors(*text);
  REQUIRE_MESSAGE(vectors.ok(), vectors.error().message);
  CHECK(vectors->size() > 300);
  Services services;
  int left_out = 0;
  for (const Vector& vector : *vectors) {
    const Verdict verdict = check_vector(vector, services);
    if (verdict.unsupported) {
      ++left_out;
      continue;
    }
    CAPTURE(vector.line);
    CAPTURE(vector.expression);
    CAPTURE(vector.expected);
    CHECK_MESSAGE(verdict.good, verdict.got);
  }
  MESSAGE(vectors->size() << " rows, " << left_out << " of unsupported helpers");
  CHECK(left_out <= 9);  // wappalyzer, cookie_unsign
}

TEST_CASE("dsl/vectors: every row of ours, most of them from Go's own library") {
  setenv("TZ", "UTC", 1);
  const char* source = std::getenv("M8_SOURCE_DIR");
  const std::filesystem::path folder = source != nullptr ? source : ".";
  const auto text = read_file((folder / "tests/data/dsl-near.tsv").string());
  REQUIRE_MESSAGE(text.ok(), text.error().message);
  const auto vectors = parse_vectors(*text);
  REQUIRE_MESSAGE(vectors.ok(), vectors.error().message);
  CHECK(vectors->size() > 700);
  Services services;
  for (const Vector& vector : *vectors) {
    const Verdict verdict = check_vector(vector, services);
    CAPTURE(vector.line);
    CAPTURE(vector.expression);
    CAPTURE(vector.expected);
    CHECK_MESSAGE(verdict.good, verdict.got);
  }
}

TEST_CASE("dsl/vectors: a row that does not hold is told") {
  Services services;
  const auto rows = parse_vectors(
      "# header\n1 + 1\t3\tnumber\t\n\"a\"\tb64:YQ==\tstring\t\nx\t7\tnumber\tvars={\"x\":7}; "
      "note\n"
      "rand_int(1,3)\t1..2\tint-range\n1\t1\tint\n");
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 5);
  CHECK(!check_vector((*rows)[0], services).good);
  CHECK(check_vector((*rows)[0], services).got == "number 2");
  CHECK(check_vector((*rows)[1], services).good);
  CHECK(check_vector((*rows)[2], services).good);
  CHECK(check_vector((*rows)[3], services).good);
  CHECK(!check_vector((*rows)[4], services).good);
}

TEST_CASE("dsl/vectors: a broken row names its line") {
  const auto rows = parse_vectors("# header\n1\t1\n");
  REQUIRE(!rows.ok());
  CHECK(rows.error().message == "line 2: a type is missing");
}

}  // namespace
}  // namespace m8::dsl
