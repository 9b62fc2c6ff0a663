#include "model/target_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/hash.h"

namespace m8::model {

bool SeenSet::insert(std::string_view text) {
  if (used_ >= max_entries_) return true;
  if (used_ * 4 >= slots_.size() * 3) grow();
  const std::uint64_t hash = seeded_hash(text);
  return place(hash == 0 ? 1 : hash);
}

// Open addressing; 0 marks an empty slot.
bool SeenSet::place(std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] == hash) return false;
    if (slots_[at] != 0) continue;
    slots_[at] = hash;
    ++used_;
    return true;
  }
}

void SeenSet::grow() {
  std::vector<std::uint64_t> old = std::move(slots_);
  slots_.assign(old.empty() ? 1024 : old.size() * 2, 0);
  used_ = 0;
  for (const std::uint64_t hash : old)
    if (hash != 0) place(hash);
}

Result<std::optional<TargetSpec>> TargetReader::next(std::stop_token stop) {
  for (;;) {
    auto spec = M8_TRY(next_spec(stop));
    if (!spec) return spec;
    if (!seen_.insert(spec->input)) {
      ++counts_.duplicates;
      continue;
    }
    ++counts_.given;
    return spec;
  }
}

Result<std::optional<TargetSpec>> TargetReader::next_spec(std::stop_token stop) {
  for (;;) {
    if (auto spec = next_of_expansion()) return spec;
    auto spec = M8_TRY(next_line(stop));
    if (!spec) return spec;
    const bool ports =
        spec->kind == TargetSpec::Kind::kHost && !spec->url.port && !options_.ports.empty();
    if (spec->kind != TargetSpec::Kind::kRange && !ports) return spec;
    expanding_ = std::move(spec);
    next_address_ = 0;
    next_port_ = 0;
  }
}

/// The next address and port of the entry being expanded; empty when it is exhausted.
std::optional<TargetSpec> TargetReader::next_of_expansion() {
  if (!expanding_) return std::nullopt;
  const bool range = expanding_->kind == TargetSpec::Kind::kRange;
  if (next_port_ >= std::max<std::size_t>(options_.ports.size(), 1)) {
    next_port_ = 0;
    ++next_address_;
  }
  if (next_address_ >= (range ? expanding_->addresses : 1)) {
    expanding_.reset();
    return std::nullopt;
  }
  TargetSpec spec;
  spec.url = expanding_->url;
  if (range) spec.url.host = expanding_->address(next_address_).to_string();
  if (!options_.ports.empty()) {
    const Port& port = options_.ports[next_port_];
    spec.url.port = port.number;
    spec.url.scheme = port.scheme;
    if (!port.scheme.empty()) spec.kind = TargetSpec::Kind::kUrl;
  }
  ++next_port_;
  const std::string scheme = spec.url.scheme.empty() ? "" : spec.url.scheme + "://";
  spec.input = scheme + spec.url.authority() + spec.url.path;
  return spec;
}

Result<std::optional<TargetSpec>> TargetReader::next_line(std::stop_token stop) {
  for (;;) {
    if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "read targets: interrupted"};
    if (next_argument_ < options_.arguments.size()) {
      auto spec = parse_target_line(options_.arguments[next_argument_++]);
      if (spec.ok()) return std::optional(std::move(spec).value());
      reject(spec.error(), "-u");
      continue;
    }
    if (!lines_) {
      if (next_file_ >= options_.files.size()) return std::optional<TargetSpec>();
      M8_TRY(open_next_file());
    }
    auto line = lines_->next(stop);
    if (!line.ok() && line.error().code != ErrorCode::kExhausted)
      return line.error().with_context(source_);
    if (!line.ok()) {
      reject(line.error(), source_);
    } else if (!*line) {
      lines_.reset();
    } else if (!trim(**line).empty()) {
      auto spec = parse_target_line(**line);
      if (spec.ok()) return std::optional(std::move(spec).value());
      reject(spec.error(), fmt::format("{}:{}", source_, lines_->line_number()));
    }
  }
}

Status TargetReader::open_next_file() {
  const std::string& path = options_.files[next_file_++];
  if (path == "-") {
    source_ = "stdin";
    lines_.emplace(Fd(STDIN_FILENO));
    return {};
  }
  source_ = path;
  lines_.emplace(M8_TRY(LineReader::open(path)));
  return {};
}

void TargetReader::reject(const Error& error, const std::string& where) {
  ++counts_.rejected;
  if (options_.warn) options_.warn(error.with_context(where));
}

}  // namespace m8::model
