// The bytes: number of statuses, statuses, number of groups, per group the number of literals, per
// literal its size and text. Numbers are varints, little end first.
#include "operators/packed_need.h"

#include <utility>

namespace m8::operators {
namespace {

constexpr std::uint64_t kMost = 1u << 20;

void put_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

/// After the first bad byte everything is zero and empty, and failed() says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool good_end() const { return !failed_ && rest_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && !rest_.empty(); shift += 7) {
      const auto next = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    return fail();
  }

  /// Of things that take a byte at least.
  std::uint64_t count() {
    const std::uint64_t value = number();
    return value > rest_.size() || value > kMost ? fail() : value;
  }

  std::string_view text() {
    const auto size = static_cast<std::size_t>(count());
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::uint64_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// Reads the statuses; true if \p status is not among them.
bool lacks_status(Reader& reader, std::int64_t status) {
  const std::uint64_t count = reader.count();
  bool found = count == 0;
  for (std::uint64_t i = 0; i < count; ++i)
    found = static_cast<std::int64_t>(reader.number()) == status || found;
  return !found && !reader.failed();
}

/// Reads the next group; true if none of its literals is in \p text.
bool lacks_group(Reader& reader, std::string_view text) {
  bool found = false;
  for (std::uint64_t i = reader.count(); i > 0; --i) {
    const std::string_view literal = reader.text();
    found = found || text.find(literal) != std::string_view::npos;
  }
  return !found && !reader.failed();
}

}  // namespace

void pack_need(const Need& need, std::string& out) {
  put_number(out, need.statuses.size());
  for (const std::int64_t status : need.statuses)
    put_number(out, static_cast<std::uint64_t>(status) & ~(std::uint64_t{1} << 63));
  put_number(out, need.groups.size());
  for (const Need::Group& group : need.groups) {
    put_number(out, group.size());
    for (const std::string& literal : group) {
      put_number(out, literal.size());
      out += literal;
    }
  }
}

std::optional<Need> unpack_need(std::string_view bytes) {
  Reader reader(bytes);
  Need need;
  for (std::uint64_t i = reader.count(); i > 0; --i)
    need.statuses.push_back(static_cast<std::int64_t>(reader.number()));
  for (std::uint64_t groups = reader.count(); groups > 0; --groups) {
    Need::Group& group = need.groups.emplace_back();
    for (std::uint64_t i = reader.count(); i > 0; --i) group.emplace_back(reader.text());
  }
  if (!reader.good_end()) return std::nullopt;
  return need;
}

bool rules_out(std::string_view bytes, std::int64_t status) {
  Reader reader(bytes);
  return lacks_status(reader, status);
}

bool rules_out(std::string_view bytes, std::int64_t status, std::string_view text) {
  Reader reader(bytes);
  if (lacks_status(reader, status)) return true;
  for (std::uint64_t groups = reader.count(); groups > 0; --groups)
    if (lacks_group(reader, text)) return true;
  return false;
}

}  // namespace m8::operators
