#include "templates/compiled_cache.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/temp_file.h"

namespace m8::templates {
namespace {

// The file: header, records, index, paths. Numbers are 64 bits in the machine's order, for a cache
// does not travel.
//   record: size of the needs, needs, packed tree
//   header: magic, program, file size, index offset, records, checksum of index and paths, checksum
//   of the header
//   index entry: path offset, path size, file size, mtime, digest[32], offset, size, checksum,
//   flags
constexpr std::string_view kMagic{"M8TREE\0\3", 8};  // the last byte is the version of the format
constexpr std::size_t kHeader = 56, kEntry = 96, kDigest = 32;
constexpr std::uint64_t kMaxFile = 1u << 30, kMaxRecords = 1u << 20;
constexpr std::uint64_t kProven = 1;
constexpr std::int64_t kSettledNs = 100'000'000;
constexpr std::size_t kBuffer = 256u << 10;

/// Against accidents, not against malice: whoever can write the file can run programs.
std::uint64_t checksum(std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0xff51afd7ed558ccdull;
  const auto mixed = [](std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    return sum ^ (sum >> 29);
  };
  // Four sums side by side: a multiplication need not wait for the one before.
  std::array<std::uint64_t, 4> sums{0x9e3779b97f4a7c15ull ^ bytes.size(), 1, 2, 3};
  std::array<std::uint64_t, 4> words{};
  for (; bytes.size() >= sizeof words; bytes.remove_prefix(sizeof words)) {
    std::memcpy(words.data(), bytes.data(), sizeof words);
    for (std::size_t i = 0; i < words.size(); ++i) sums[i] = mixed(sums[i], words[i]);
  }
  words = {};
  std::memcpy(words.data(), bytes.data(), bytes.size());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i) sum = mixed(mixed(sum, sums[i]), words[i]);
  return sum ^ (sum >> 32);
}

void put_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// \p size bytes at \p offset of \p bytes; nothing if they are not all there.
std::optional<std::string_view> slice(std::string_view bytes, std::uint64_t offset,
                                      std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

/// REQUIRES: eight bytes are there.
std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

struct Entry {
  CompiledCache::Stamp stamp;
  std::string_view digest;
  std::uint64_t offset = 0, size = 0, checksum = 0, flags = 0;
};

void put_entry(std::string& out, const Entry& entry, std::uint64_t path_offset,
               std::uint64_t path_size) {
  put_number(out, path_offset);
  put_number(out, path_size);
  put_number(out, entry.stamp.size);
  put_number(out, static_cast<std::uint64_t>(entry.stamp.mtime_ns));
  out += entry.digest;
  for (const auto number : {entry.offset, entry.size, entry.checksum, entry.flags})
    put_number(out, number);
}

using Index = std::unordered_map<std::string_view, Entry, SeededHash>;

}  // namespace

/// The file as it was.
class CompiledCache::Map {
 public:
  explicit Map(const Options& options) : state_(load(options)) {
    if (state_ != "ok") index_.clear();
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;
  ~Map() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }

  const std::string& state() const { return state_; }
  const Index& index() const { return index_; }

  const Entry* find(std::string_view path) const {
    const auto it = index_.find(path);
    return it == index_.end() ? nullptr : &it->second;
  }

  /// Its bytes, if they are what was written.
  std::optional<std::string_view> content(const Entry& entry) const {
    const auto bytes = slice(bytes_, entry.offset, entry.size);
    return bytes && checksum(*bytes) == entry.checksum ? bytes : std::nullopt;
  }

  std::optional<Record> record(const Entry& entry) const {
    const auto bytes = content(entry);
    if (!bytes || bytes->size() < sizeof(std::uint64_t)) return std::nullopt;
    const auto rest = bytes->substr(sizeof(std::uint64_t));
    const auto needs = slice(rest, 0, number_at(*bytes, 0));
    if (!needs) return std::nullopt;
    return Record{rest.substr(needs->size()), entry.digest, *needs, (entry.flags & kProven) != 0};
  }

 private:
  std::string load(const Options& options) {
    const Fd fd(::open(options.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return "none";
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return "not this user's file";
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < kHeader || size > kMaxFile) return "broken";
    void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd.get(), 0);
    if (map == MAP_FAILED) return "can't be mapped";
    bytes_ = {static_cast<const char*>(map), static_cast<std::size_t>(size)};
    return read_header(options.program);
  }

  std::string read_header(const std::string& program) {
    const auto header = bytes_.substr(0, kHeader);
    if (!header.starts_with(kMagic)) return "of another format";
    if (number_at(header, kHeader - 8) != checksum(header.substr(0, kHeader - 8))) return "broken";
    if (number_at(header, 8) != checksum(program)) return "of another program";
    const std::uint64_t offset = number_at(header, 24), records = number_at(header, 32);
    if (number_at(header, 16) != bytes_.size() || offset > bytes_.size()) return "cut short";
    const auto index = bytes_.substr(static_cast<std::size_t>(offset));
    if (records > kMaxRecords || records * kEntry > index.size()) return "broken";
    if (number_at(header, 40) != checksum(index)) return "broken";
    return read_index(index, static_cast<std::size_t>(records)) ? "ok" : "broken";
  }

  bool read_index(std::string_view index, std::size_t records) {
    const auto paths = index.substr(records * kEntry);
    index_.reserve(records);
    for (std::size_t i = 0; i < records; ++i) {
      const auto at = index.substr(i * kEntry, kEntry);
      const auto path = slice(paths, number_at(at, 0), number_at(at, 8));
      if (!path) return false;
      index_.emplace(*path, Entry{{number_at(at, 16), static_cast<std::int64_t>(number_at(at, 24))},
                                  at.substr(32, kDigest),
                                  number_at(at, 64),
                                  number_at(at, 72),
                                  number_at(at, 80),
                                  number_at(at, 88)});
    }
    return true;
  }

  std::string_view bytes_;
  Index index_;
  std::string state_;
};

/// The file as it will be.
class CompiledCache::Writer {
 public:
  explicit Writer(const Options& options)
      : options_(options), folder_(std::filesystem::path(options.path).parent_path().string()) {}

  void put(std::string_view path, const Stamp& stamp, const Record& record) {
    std::lock_guard lock(mutex_);
    if (!begin()) return;
    const std::uint64_t flags = record.proven ? kProven : 0;
    std::string bytes;
    put_number(bytes, record.needs.size());
    bytes.append(record.needs).append(record.source);
    add(path, {stamp, record.digest, written_, bytes.size(), checksum(bytes), flags}, bytes);
  }

  Status commit(const Map& old) {
    if (!file_ && status_.ok()) return {};
    for (const auto& [path, entry] : old.index()) {
      if (entries_.size() >= kMaxRecords || known_.count(std::string(path))) continue;
      if (!stamp_of(std::string(path))) continue;
      const auto bytes = old.content(entry);
      if (!bytes) continue;
      Entry moved = entry;
      moved.offset = written_;
      add(path, moved, *bytes);
    }
    finish();
    return status_;
  }

 private:
  struct Written {
    std::string path, digest;
    Entry entry;
  };

  bool begin() {
    if (file_ || !status_.ok()) return status_.ok();
    remove_stale_temp(folder_);
    auto file = TempFile::create(folder_);
    if (file.ok()) {
      file_.emplace(std::move(file).value());
      append(std::string(kHeader, '\0'));
    } else {
      status_ = file.error();
    }
    return status_.ok();
  }

  void add(std::string_view path, Entry entry, std::string_view bytes) {
    if (entry.digest.size() != kDigest || !known_.emplace(path, true).second) return;
    append(bytes);
    entries_.push_back({std::string(path), std::string(entry.digest), entry});
  }

  void append(std::string_view bytes) {
    buffer_ += bytes;
    written_ += bytes.size();
    if (buffer_.size() >= kBuffer) flush();
  }

  void flush() {
    std::string_view rest = buffer_;
    while (status_.ok() && !rest.empty()) {
      const ssize_t n = ::write(file_->fd(), rest.data(), rest.size());
      if (n < 0 && errno != EINTR) status_ = errno_error(options_.path, errno);
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
    }
    buffer_.clear();
  }

  // Not synced: after a crash of the machine the checksums tell what is missing.
  void finish() {
    std::string index, paths;
    for (Written& one : entries_) {
      one.entry.digest = one.digest;
      put_entry(index, one.entry, paths.size(), one.path.size());
      paths += one.path;
    }
    index += paths;
    std::string header(kMagic);
    const std::uint64_t offset = written_;
    for (const std::uint64_t number :
         {checksum(options_.program), offset + index.size(), offset,
          static_cast<std::uint64_t>(entries_.size()), checksum(index)})
      put_number(header, number);
    put_number(header, checksum(header));
    append(index);
    flush();
    if (!status_.ok()) return;
    if (::pwrite(file_->fd(), header.data(), header.size(), 0) !=
        static_cast<ssize_t>(header.size())) {
      status_ = errno_error(options_.path, errno);
      return;
    }
    status_ = file_->keep_as(options_.path);
  }

  const Options& options_;
  const std::string folder_;
  std::mutex mutex_;
  std::optional<TempFile> file_;  ///< made when the first record comes
  Status status_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::vector<Written> entries_;
  std::unordered_map<std::string, bool, SeededHash> known_;
};

CompiledCache::CompiledCache(Options options)
    : options_(std::move(options)),
      map_(std::make_shared<Map>(options_)),
      writer_(std::make_unique<Writer>(options_)) {}

CompiledCache::~CompiledCache() = default;

std::optional<CompiledCache::Stamp> CompiledCache::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Stamp{static_cast<std::uint64_t>(status.st_size),
               std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string CompiledCache::digest_of(std::string_view text) {
  return digest("sha256", text).value_or({});
}

std::shared_ptr<const void> CompiledCache::owner() const { return map_; }
const std::string& CompiledCache::state() const { return map_->state(); }
std::size_t CompiledCache::size() const { return map_->index().size(); }

std::optional<CompiledCache::Record> CompiledCache::find(std::string_view path,
                                                         const Stamp& stamp) const {
  const Entry* entry = map_->find(path);
  return entry && entry->stamp == stamp ? map_->record(*entry) : std::nullopt;
}

std::optional<CompiledCache::Record> CompiledCache::find(std::string_view path,
                                                         std::string_view digest) const {
  const Entry* entry = map_->find(path);
  return entry && entry->digest == digest ? map_->record(*entry) : std::nullopt;
}

void CompiledCache::put(std::string_view path, const Stamp& stamp, const Record& record) {
  if (stamp.mtime_ns > options_.now_ns - kSettledNs) return;
  writer_->put(path, stamp, record);
}

Status CompiledCache::commit() { return writer_->commit(*map_); }

}  // namespace m8::templates
