#include "block_writer.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace m8::asmm8 {

Result<std::unique_ptr<BlockWriter>> BlockWriter::open(const std::string& file,
                                                       std::stop_token stop) {
  const output::StreamOptions whole_blocks{
      .flush_each = false, .buffer_bytes = 1, .stop = std::move(stop)};
  std::vector<std::unique_ptr<output::Stream>> streams;
  streams.push_back(std::make_unique<output::Stream>(Fd(STDOUT_FILENO), "stdout", whole_blocks));
  if (!file.empty()) streams.push_back(M8_TRY(output::Stream::create(file, whole_blocks)));
  return std::unique_ptr<BlockWriter>(new BlockWriter(std::move(streams)));
}

BlockWriter::BlockWriter(std::vector<std::unique_ptr<output::Stream>> streams)
    : streams_(std::move(streams)), thread_([this] { run(); }) {
  buffer_.reserve(2 * kBlock);
}

BlockWriter::~BlockWriter() { (void)finish(); }

void BlockWriter::hand_over(bool all) {
  if (buffer_.empty() || (!all && buffer_.size() < kBlock)) return;
  if (!blocks_.try_push(buffer_)) return;
  buffer_ = {};
  buffer_.reserve(2 * kBlock);
}

void BlockWriter::on_written(std::function<void()> call) { *on_written_.lock() = std::move(call); }

Status BlockWriter::finish() {
  if (thread_.joinable()) {
    on_written({});
    if (!buffer_.empty()) (void)blocks_.push(std::exchange(buffer_, {}));
    blocks_.close();
    thread_.join();
  }
  return *status_.lock();
}

void BlockWriter::run() {
  while (const auto block = blocks_.pop()) {
    for (const auto& stream : streams_) {
      if (failed()) break;
      const Status written = stream->write(*block);
      if (written.ok()) continue;
      *status_.lock() = written;
      failed_ = true;
    }
    abandoned_ = std::all_of(streams_.begin(), streams_.end(),
                             [](const auto& stream) { return stream->closed(); });
    auto call = on_written_.lock();
    if (*call) (*call)();
  }
}

}  // namespace m8::asmm8
