/// AsyncFileWriter: appends to files on a thread of its own, so that a slow disk keeps nobody else
/// waiting.
///
/// Requests are done in the order in which they came; 100 may wait, then whoever gives more waits
/// too. Each is told how it went. What the disk would not take is kept and tried again with the
/// file's next request, so that a disk that was full for a moment costs nothing. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/channel.h"
#include "base/fd.h"
#include "base/result.h"

namespace m8::output {

class AsyncFileWriter {
 public:
  static constexpr std::size_t kQueue = 100;
  /// Kept of what the disk refuses; above it the newest request is lost, and its status says so.
  static constexpr std::size_t kMaxKept = 4u << 20;

  /// An open file. Closed with its last owner: whoever writes to it and the requests that wait.
  class File;
  /// Told once, on the writer's thread, when a request is done: ok (the kernel has all bytes of the
  /// file so far), kExhausted ("PATH: no space left on device"), kIo.
  using Done = std::function<void(const Status&)>;

  explicit AsyncFileWriter(std::size_t queue = kQueue);
  /// close()
  ~AsyncFileWriter();

  /// Creates or truncates \p path (mode 0644). kNotFound, kDenied, kIo, kExhausted.
  static Result<std::shared_ptr<File>> create(const std::string& path);
  /// Takes \p fd over; \p name is for errors.
  static std::shared_ptr<File> adopt(Fd fd, std::string name);

  /// Waits for a place in the queue. False, and \p done is never told, once closed or stopped.
  bool write(std::shared_ptr<File> file, std::string bytes, Done done = {},
             std::stop_token stop = {});
  /// Never waits. False if the queue is full or closed; \p bytes is left alone then.
  bool try_write(const std::shared_ptr<File>& file, std::string& bytes, const Done& done = {});
  /// Waits until \p file has everything that it was given before. Its status then.
  Status drain(const std::shared_ptr<File>& file);
  /// Does what waits and ends the thread. Idempotent.
  void close();

 private:
  struct Request {
    std::shared_ptr<File> file;
    std::string bytes;
    Done done;
  };
  void work();

  Channel<Request> requests_;
  std::jthread thread_;
};

}  // namespace m8::output
