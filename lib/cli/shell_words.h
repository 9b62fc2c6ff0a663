/// Shell words: arguments as a person can paste them into a shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace m8::cli {

/// \p word as one word of sh: as it is if it has none but safe characters, else in single quotes.
std::string shell_word(std::string_view word);
/// The words with blanks between them.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace m8::cli
