#include "serve/compress.h"

#include <doctest/doctest.h>

using namespace m8::serve;

TEST_CASE("serve/compress: what Accept-Encoding asks for") {
  struct Row {
    const char* header;
    Coding coding;
  };
  const Row rows[] = {
      {"", Coding::kNone},
      {"gzip", Coding::kGzip},
      {"gzip, deflate, br", Coding::kBrotli},
      {"br;q=0.5, gzip;q=0.8", Coding::kGzip},
      {"gzip;q=0, identity", Coding::kNone},
      {"*", Coding::kBrotli},
      {"br;q=0, *", Coding::kGzip},
      {"*;q=0", Coding::kNone},
      {"gzip;q=x", Coding::kNone},
      {",,;;q=", Coding::kNone},
      {"gzipped", Coding::kNone},
  };
  for (const Row& row : rows) {
    CAPTURE(row.header);
    CHECK(accepted_coding(row.header) == row.coding);
  }
}

TEST_CASE("serve/compress: only what gains by it") {
  const auto header = [](const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return std::string();
  };
  Response brief{200, "short"};
  compress(brief, Coding::kGzip);
  CHECK(brief.body == "short");
  CHECK(brief.headers.empty());
  for (const Coding coding : {Coding::kGzip, Coding::kBrotli}) {
    Response text{200, std::string(20'000, 'x')};
    compress(text, coding);
    CHECK(text.body.size() < 200);
    CHECK(header(text, "Content-Encoding") == (coding == Coding::kGzip ? "gzip" : "br"));
    CHECK(header(text, "Vary") == "Accept-Encoding");
    // Not twice.
    const std::string once = text.body;
    compress(text, coding);
    CHECK(text.body == once);
  }
  Response plain{200, std::string(20'000, 'x')};
  compress(plain, Coding::kNone);
  CHECK(plain.body.size() == 20'000);
  CHECK(header(plain, "Vary") == "Accept-Encoding");
}
