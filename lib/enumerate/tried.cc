#include "enumerate/tried.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace m8::enumerate {
namespace {

constexpr std::size_t kItem = sizeof(std::uint64_t);
constexpr std::size_t kBlock = 1u << 16;  ///< names

/// The same in every process: FNV-1a, and a finalizer that spreads it.
std::uint64_t key_of(std::string_view name, bool guess) {
  std::uint64_t hash = guess ? 0xcbf29ce484222325ull : 0x9ae16a3b2f90404full;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebull;
  return hash ^ (hash >> 31);
}

}  // namespace

Result<std::unique_ptr<Tried>> Tried::open(const std::string& path, bool go_on) {
  const int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (go_on ? 0 : O_TRUNC);
  Fd fd(::open(path.c_str(), flags, 0600));
  if (!fd) return errno_error(path, errno);
  std::unique_ptr<Tried> tried(new Tried(path, std::move(fd)));
  if (go_on) M8_TRY(tried->read());
  return tried;
}

Status Tried::read() {
  struct stat about {};
  if (::fstat(fd_.get(), &about) != 0) return errno_error(path_, errno);
  // A kill may have left a part of an item: what follows it would be out of step.
  const auto whole = static_cast<std::size_t>(about.st_size) / kItem * kItem;
  if (::ftruncate(fd_.get(), static_cast<off_t>(whole)) != 0) return errno_error(path_, errno);
  known_.resize(whole / kItem);
  for (std::size_t at = 0; at < known_.size();) {
    const std::size_t size = std::min(kBlock, known_.size() - at) * kItem;
    const ssize_t count =
        ::pread(fd_.get(), known_.data() + at, size, static_cast<off_t>(at * kItem));
    if (count <= 0 || static_cast<std::size_t>(count) % kItem != 0) return errno_error(path_, EIO);
    at += static_cast<std::size_t>(count) / kItem;
  }
  std::sort(known_.begin(), known_.end());
  return {};
}

bool Tried::contains(const Candidate& candidate) const {
  const auto has = [&](bool guess) {
    return std::binary_search(known_.begin(), known_.end(), key_of(candidate.name, guess));
  };
  return !known_.empty() && (has(false) || (candidate.guess && has(true)));
}

void Tried::finished(const Candidate& candidate, Verdict verdict) {
  if (candidate.ticket != 0 || candidate.is_apex) return;
  if (verdict == Verdict::kFailed || verdict == Verdict::kNotAsked) return;
  const std::lock_guard lock(mutex_);
  fresh_.push_back(key_of(candidate.name, candidate.guess));
}

Status Tried::save(const std::function<Status()>& flush) {
  std::vector<std::uint64_t> items;
  {
    const std::lock_guard lock(mutex_);
    items.swap(fresh_);
  }
  if (items.empty()) return {};
  if (const Status flushed = flush(); !flushed.ok()) {
    const std::lock_guard lock(mutex_);
    fresh_.insert(fresh_.end(), items.begin(), items.end());
    return flushed;
  }
  const auto* bytes = reinterpret_cast<const char*>(items.data());
  for (std::size_t left = items.size() * kItem; left > 0;) {
    const ssize_t count = ::write(fd_.get(), bytes, left);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(path_, errno);
    bytes += count;
    left -= static_cast<std::size_t>(count);
  }
  return {};
}

void Tried::remove() { (void)::unlink(path_.c_str()); }

Result<CandidateSource::Next> Untried::next(Candidate& candidate) {
  for (;;) {
    const Next next = M8_TRY(inner_.next(candidate));
    if (next != Next::kCandidate || candidate.question || !tried_.contains(candidate)) return next;
    ++skipped_;
    inner_.finished(candidate, Verdict::kNotAsked);
  }
}

}  // namespace m8::enumerate
