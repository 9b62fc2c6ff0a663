/// TargetReader: the stream of targets, from arguments, files and stdin.
///
/// Nothing is read ahead and ranges are expanded one address at a time, so the length of the input
/// does not matter. One thread reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "model/target_line.h"

namespace m8::model {

/// The next target; empty at the end. kCancelled after a stop; other errors end the input.
using TargetStream = std::function<Result<std::optional<TargetSpec>>(std::stop_token)>;

/// 64-bit hashes of what was seen, in a flat table: 8..16 bytes per entry. Above its bound it
/// forgets nothing and learns nothing more. The hash is seeded: inputs can't be made to collide.
class SeenSet {
 public:
  explicit SeenSet(std::size_t max_entries) : max_entries_(max_entries) {}
  /// True if \p text was not seen before (or the bound is reached).
  bool insert(std::string_view text);
  std::size_t size() const { return used_; }

 private:
  bool place(std::uint64_t hash);
  void grow();

  std::size_t max_entries_;
  std::size_t used_ = 0;
  std::vector<std::uint64_t> slots_;
};

class TargetReader {
 public:
  /// A port for hosts without one; a scheme makes it a URL that needs no probing.
  struct Port {
    Port(std::uint16_t port) : number(port) {}  // NOLINT: implicit by design
    Port(std::uint16_t port, std::string with) : number(port), scheme(std::move(with)) {}
    std::uint16_t number;
    std::string scheme;  ///< "", "http" or "https"
  };
  struct Options {
    std::vector<std::string> arguments;  ///< read first
    std::vector<std::string> files;      ///< then these; "-" is stdin
    /// For hosts without a port: one target per port. Empty: https, then http (2.4).
    std::vector<Port> ports;
    std::size_t max_remembered = 4u << 20;  ///< for dropping duplicates; 16 bytes each at most
    /// Told of each line that is no target; "hosts.txt:7: not a target: ...".
    std::function<void(const Error&)> warn;
  };
  struct Counts {
    std::uint64_t given = 0;  ///< targets handed out
    std::uint64_t duplicates = 0;
    std::uint64_t rejected = 0;  ///< lines that are no target
  };

  explicit TargetReader(Options options)
      : options_(std::move(options)), seen_(options_.max_remembered) {}

  /// The next target that was not given before, of kind kUrl or kHost. kCancelled; errors of
  /// opening or reading a file, with its path.
  Result<std::optional<TargetSpec>> next(std::stop_token stop);
  const Counts& counts() const { return counts_; }

 private:
  Result<std::optional<TargetSpec>> next_spec(std::stop_token stop);
  Result<std::optional<TargetSpec>> next_line(std::stop_token stop);
  Status open_next_file();
  std::optional<TargetSpec> next_of_expansion();
  void reject(const Error& error, const std::string& where);

  Options options_;
  Counts counts_;
  SeenSet seen_;
  std::size_t next_argument_ = 0;
  std::size_t next_file_ = 0;
  std::optional<LineReader> lines_;
  std::string source_;  ///< name of the open file
  // The entry being expanded: every address of a range, every port of a host.
  std::optional<TargetSpec> expanding_;
  std::uint64_t next_address_ = 0;
  std::size_t next_port_ = 0;
};

}  // namespace m8::model
