#include "cli/shell_words.h"

#include <doctest/doctest.h>

using namespace m8::cli;

TEST_CASE("cli/shell_words: what a shell would read otherwise is quoted") {
  CHECK(shell_words({"-d", "a.org,b.org", "--rate", "100/s"}) == "-d a.org,b.org --rate 100/s");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("my words") == "'my words'");
  CHECK(shell_word("it's $HOME") == "'it'\\''s $HOME'");
  CHECK(shell_word("münchen.de") == "münchen.de");
}
