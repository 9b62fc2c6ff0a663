#include "output/async_file.h"

#include <cerrno>
#include <future>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

namespace m8::output {

/// The writer's thread alone touches it once it is open.
class AsyncFileWriter::File {
 public:
  File(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Status append(std::string bytes) {
    if (kept_.size() + bytes.size() > kMaxKept && !kept_.empty()) {
      if (Status status = put(); !status.ok()) return status;
    }
    kept_ = kept_.empty() ? std::move(bytes) : kept_ + bytes;
    return put();
  }

 private:
  Status put() {
    std::size_t done = 0;
    Status status;
    while (done < kept_.size() && status.ok()) {
      const ssize_t n = ::write(fd_.get(), kept_.data() + done, kept_.size() - done);
      if (n >= 0) {
        done += static_cast<std::size_t>(n);
      } else if (errno != EINTR) {
        status = errno_error(name_, errno);
      }
    }
    kept_.erase(0, done);
    return status;
  }

  Fd fd_;
  const std::string name_;
  std::string kept_;
};

AsyncFileWriter::AsyncFileWriter(std::size_t queue)
    : requests_(queue), thread_([this] { work(); }) {}

AsyncFileWriter::~AsyncFileWriter() { close(); }

Result<std::shared_ptr<AsyncFileWriter::File>> AsyncFileWriter::create(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return errno_error(path, errno);
  return adopt(std::move(fd), path);
}

std::shared_ptr<AsyncFileWriter::File> AsyncFileWriter::adopt(Fd fd, std::string name) {
  return std::make_shared<File>(std::move(fd), std::move(name));
}

bool AsyncFileWriter::write(std::shared_ptr<File> file, std::string bytes, Done done,
                            std::stop_token stop) {
  return requests_.push({std::move(file), std::move(bytes), std::move(done)}, std::move(stop));
}

bool AsyncFileWriter::try_write(const std::shared_ptr<File>& file, std::string& bytes,
                                const Done& done) {
  Request request{file, std::move(bytes), done};
  const bool taken = requests_.try_push(request);
  bytes = taken ? std::string() : std::move(request.bytes);
  return taken;
}

Status AsyncFileWriter::drain(const std::shared_ptr<File>& file) {
  std::promise<Status> told;
  auto status = told.get_future();
  const auto tell = [&told](const Status& is) { told.set_value(is); };
  if (!write(file, {}, tell)) return Error{ErrorCode::kCancelled, "file writer is closed"};
  return status.get();
}

void AsyncFileWriter::close() {
  requests_.close();
  if (thread_.joinable()) thread_.join();
}

void AsyncFileWriter::work() {
  while (auto request = requests_.pop()) {
    const Status status = request->file->append(std::move(request->bytes));
    if (request->done) request->done(status);
  }
}

}  // namespace m8::output
