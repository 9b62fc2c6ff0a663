/// WordList: the words of --wordlist, as often as they are wanted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/temp_file.h"
#include "enumerate/bruteforce.h"

namespace m8::asmm8 {

class WordList {
 public:
  /// \p path: a file, "-" for stdin, empty for the built-in list. Stdin is read to its end and kept
  /// in a file meanwhile, so that it can be read again. kIo and the like; kCancelled.
  static Result<WordList> open(const std::string& path, const std::string& temp_folder,
                               const std::stop_token& stop);

  /// From the beginning.
  Result<std::unique_ptr<enumerate::WordSource>> words();
  /// How many there are, read to the end where only that tells; 0 of a pipe, which has one reader.
  Result<std::uint64_t> count() const;
  bool built_in() const { return path_.empty(); }
  /// Where it can be read; empty for the built-in list.
  const std::string& path() const { return path_; }
  /// "built in", "stdin", "FILE".
  const std::string& shown() const { return shown_; }

 private:
  std::string path_, shown_ = "built in";
  std::optional<TempFile> kept_;
  std::unique_ptr<enumerate::WordSource> opened_;  ///< and not asked for yet: a pipe has one reader
};

}  // namespace m8::asmm8
