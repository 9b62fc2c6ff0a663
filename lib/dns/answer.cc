#include "dns/answer.h"

#include <algorithm>

namespace m8::dns {
namespace {

constexpr int kLongestChain = 16;
constexpr std::size_t kQuestionAt = kHeaderBytes;

/// True if \p record is owned by the name that is written at \p owner_at. Servers nearly always
/// write the owner as a pointer to just there, and then nothing is decoded.
bool owned_by(Bytes message, const RecordView& record, std::size_t owner_at) {
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(message[at]); };
  const std::size_t at = record.name_at;
  if (byte(at) >= 0xc0 && ((byte(at) & 0x3f) << 8 | byte(at + 1)) == owner_at) return true;
  NameText owner, wanted;
  std::size_t owner_end = record.name_at, wanted_end = owner_at;
  if (!read_name(message, owner_end, owner) || !read_name(message, wanted_end, wanted))
    return false;
  owner.lower();
  wanted.lower();
  return owner.view() == wanted.view();
}

}  // namespace

/// Walks one answer section as often as the chain has links.
class AnswerReader {
 public:
  AnswerReader(AnswerValues& out, Bytes message) : out_(out), message_(message) {
    read_header(message, header_);
    answers_at_ = kQuestionAt;
    usable_ = header_.questions == 1 && skip_name(message, answers_at_);
    answers_at_ += 4;
  }

  void follow(RrType type) {
    std::size_t owner_at = kQuestionAt;
    // A chain has no more links than records, unless it is a circle.
    const int longest = std::min<int>(kLongestChain, header_.answers);
    for (int link = 0; usable_ && link <= longest && take(type, owner_at); ++link) continue;
  }

 private:
  /// Takes the records of the name at \p owner_at; true if it is an alias, and \p owner_at is where
  /// the chain goes on.
  bool take(RrType type, std::size_t& owner_at) {
    RecordCursor cursor(message_, answers_at_, header_.answers);
    const std::size_t owner = owner_at;
    bool alias = false;
    for (RecordView record; cursor.next(record);) {
      const bool is_alias = record.type == RrType::kCname;
      if (record.rr_class != kClassIn || (record.type != type && !is_alias)) continue;
      if (!owned_by(message_, record, owner) || !keep(record, owner)) continue;
      if (is_alias && !alias) owner_at = record.data_at;
      alias = alias || is_alias;
    }
    return alias;
  }

  bool keep(const RecordView& record, std::size_t owner_at) {
    const auto at = static_cast<std::uint32_t>(out_.text_.size());
    if (!append_simple_data(message_, record, out_.text_)) {
      const auto data = read_data(message_, record);
      if (!data.ok()) return false;
      out_.text_ += to_text(*data);
    }
    if (out_.contains(record.type, std::string_view(out_.text_).substr(at))) {
      out_.text_.resize(at);
      return true;
    }
    out_.ttl_ = out_.values_.empty() ? record.ttl : std::min(out_.ttl_, record.ttl);
    const auto end = static_cast<std::uint32_t>(out_.text_.size());
    AnswerValues::Value value{record.type, at, end - at, record.ttl, end, 0};
    NameText owner;
    if (owner_at != kQuestionAt && read_name(message_, owner_at, owner)) {
      owner.lower();
      out_.text_ += owner.view();
      value.owner_size = static_cast<std::uint32_t>(owner.view().size());
    }
    out_.values_.push_back(value);
    return true;
  }

  AnswerValues& out_;
  Bytes message_;
  Header header_;
  std::size_t answers_at_ = 0;
  bool usable_ = false;
};

void AnswerValues::clear() {
  text_.clear();
  values_.clear();
}

std::vector<std::string> AnswerValues::of(RrType type) const {
  std::vector<std::string> texts;
  for (const Value& value : values_) {
    if (value.type == type) texts.emplace_back(text(value));
  }
  return texts;
}

bool AnswerValues::contains(RrType type, std::string_view wanted) const {
  return std::any_of(values_.begin(), values_.end(), [&](const Value& value) {
    return value.type == type && text(value) == wanted;
  });
}

bool AnswerValues::has(RrType type) const {
  return std::any_of(values_.begin(), values_.end(),
                     [type](const Value& value) { return value.type == type; });
}

void AnswerValues::add(Bytes message, RrType type) { AnswerReader(*this, message).follow(type); }

}  // namespace m8::dns
