/// ResponseFolder: -store-response of asmm8 probe: each exchange in a file of its own, as httpx
/// lays them out.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "model/endpoint.h"
#include "output/stream.h"

namespace m8::asmm8 {

/// Thread-safe.
class ResponseFolder {
 public:
  /// The folder \p path, made if it is not there. Errors of the file system.
  static Result<std::unique_ptr<ResponseFolder>> open(const std::string& path);
  /// Writes request, head and body of \p record, which has kept them, to
  /// response/HOST_PORT/SHA1.txt, and a line to response/index.txt. The file's absolute path;
  /// errors of the file system.
  Result<std::string> store(const model::Endpoint& record);
  Status flush() { return index_->flush(); }

 private:
  ResponseFolder(std::string folder, std::unique_ptr<output::Stream> index)
      : folder_(std::move(folder)), index_(std::move(index)) {}
  const std::string folder_;
  const std::unique_ptr<output::Stream> index_;
};

}  // namespace m8::asmm8
