/// BlockWriter: lines to stdout and a file, written by a thread of its own, so that a slow reader
/// never keeps the thread of the network waiting.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/channel.h"
#include "base/guarded.h"
#include "base/result.h"
#include "output/stream.h"

namespace m8::asmm8 {

class BlockWriter {
 public:
  static constexpr std::size_t kBlock = 64u << 10;

  /// Writes to stdout and, if \p file is not empty, to that file too. Errors of Stream::create().
  /// After \p stop a reader of stdout that takes nothing is given up.
  static Result<std::unique_ptr<BlockWriter>> open(const std::string& file,
                                                   std::stop_token stop = {});
  ~BlockWriter();
  BlockWriter(const BlockWriter&) = delete;

  // ---- the producer's thread
  /// Lines are appended here, each with its end.
  std::string& buffer() { return buffer_; }
  /// Hands the buffer over when it is full, or whatever is in it with \p all. It keeps growing
  /// while the writer is behind: ask accepts() before making more.
  void hand_over(bool all = false);
  /// Whether the writer keeps up.
  bool accepts() const { return buffer_.size() < kBlock; }
  /// Called by the writer's thread each time it has written a block.
  void on_written(std::function<void()> call);
  /// Writes what is left and waits for it. The first error of writing, if any.
  Status finish();

  /// Nobody takes the lines any more: stdout was closed and there is no file.
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }
  /// Writing failed: finish() says how.
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  explicit BlockWriter(std::vector<std::unique_ptr<output::Stream>> streams);
  void run();

  std::string buffer_;
  std::vector<std::unique_ptr<output::Stream>> streams_;
  Channel<std::string> blocks_{4};
  Guarded<Status> status_;
  Guarded<std::function<void()>> on_written_;
  std::atomic<bool> abandoned_{false}, failed_{false};
  std::jthread thread_;
};

}  // namespace m8::asmm8
