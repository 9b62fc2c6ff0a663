/// NameFeed: names from arguments, a file or stdin, without ever making an event loop wait.
///
/// One thread. Lines are trimmed; blank ones are passed over.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/poller.h"

namespace m8::asmm8 {

class NameFeed final : net::Poller::Handler {
 public:
  enum class Next { kLine, kLater, kEnd };

  /// \p arguments first, then \p file; stdin when neither names anything, or for "-".
  /// kNotFound, kDenied, kIo. \p poller is borrowed.
  static Result<std::unique_ptr<NameFeed>> open(std::vector<std::string> arguments,
                                                const std::string& file, net::Poller& poller);
  ~NameFeed() override;
  NameFeed(const NameFeed&) = delete;

  /// kLine: \p line was set, borrowed until the next call. kLater: a pipe has nothing now;
  /// on_more() is called when it has. A line over 64 KiB comes cut off there.
  Next next(std::string_view& line);
  void on_more(std::function<void()> call) { on_more_ = std::move(call); }

  /// Where the last line came from: "names.txt:12", "stdin:3", "argument 1".
  std::string place() const;
  /// Reading failed before the end: kIo. Otherwise ok.
  const Status& status() const { return status_; }

 private:
  NameFeed(std::vector<std::string> arguments, net::Poller& poller)
      : arguments_(std::move(arguments)), poller_(poller) {}
  void ready(std::uint32_t events) override;
  bool take_line(std::string_view& line);
  /// False if nothing can be read now.
  bool read_block();
  /// Asks to be told when there is more. False if that can't be had: read again then.
  bool wait();

  static constexpr std::size_t kBlock = 64u << 10;
  std::vector<std::string> arguments_;
  std::size_t next_argument_ = 0;
  net::Poller& poller_;
  Fd fd_;
  bool regular_ = false;  ///< a file on disk: epoll refuses it, and it never makes us wait long
  bool watched_ = false;
  bool end_ = true;
  std::string source_;
  std::size_t line_number_ = 0;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::function<void()> on_more_;
  Status status_;
};

}  // namespace m8::asmm8
