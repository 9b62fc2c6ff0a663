#include "dsl/drawn_texts.h"

#include <doctest/doctest.h>

#include "dsl/render.h"
#include "dsl/services.h"
#include "dsl/variables.h"

using namespace m8;
using namespace m8::dsl;

using Texts = std::vector<std::string>;

TEST_CASE("dsl/drawn_texts: what was drawn is found again, the longest first, without overlaps") {
  DrawnTexts drawn;
  for (const char* text : {"qwert", "qwertz", "123456", "abcd", "12345"}) drawn.add(text);
  CHECK(drawn.found_in("/up/qwertz.php?x=qwert") == Texts{"qwertz", "qwert"});
  CHECK(drawn.found_in("/x123456") == Texts{"123456"});
  CHECK(drawn.found_in("/abcd/12345") == Texts{});
  CHECK(drawn.found_in("") == Texts{});
}

TEST_CASE("dsl/drawn_texts: the first stay, of later ones the last") {
  DrawnTexts drawn;
  const auto text = [](std::size_t i) { return fmt::format("t{:07}", i); };
  for (std::size_t i = 0; i < 3 * DrawnTexts::kKept; ++i) drawn.add(text(i));
  CHECK(drawn.found_in(text(0)) == Texts{text(0)});
  CHECK(drawn.found_in(text(DrawnTexts::kKept + 1)).empty());
  CHECK(drawn.found_in(text(3 * DrawnTexts::kKept - 1)) == Texts{text(3 * DrawnTexts::kKept - 1)});
}

TEST_CASE("dsl/drawn_texts: the rand_ functions remember what they give") {
  struct Remembering final : Services {
    DrawnTexts texts;
    DrawnTexts* drawn() override { return &texts; }
  } services;
  for (const char* text : {"{{rand_base(9)}}", "{{rand_text_alpha(9)}}", "{{rand_text_numeric(9)}}",
                           "{{rand_text_alphanumeric(9)}}", "{{rand_int(1000000, 9999999)}}"}) {
    const auto value = render(text, Variables(), services);
    REQUIRE(value.ok());
    CHECK(services.texts.found_in("/" + *value + ".php") == Texts{*value});
  }
}
