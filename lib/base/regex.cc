#include "base/regex.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/search.h"

namespace m8 {
namespace {

constexpr std::size_t kMaxPattern = 1u << 20;

/// Length of the valid UTF-8 sequence that begins \p text, 0 if there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto in = [&](std::size_t i, unsigned lo, unsigned hi) {
    const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    return byte >= lo && byte <= hi;
  };
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return in(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    return in(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && in(2, 0x80, 0xbf) ? 3
                                                                                              : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    return in(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && in(2, 0x80, 0xbf) &&
                   in(3, 0x80, 0xbf)
               ? 4
               : 0;
  }
  return 0;
}

/// How many bytes below 0x80 \p text begins with.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    __builtin_memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080ull) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

bool is_ascii(std::string_view text) { return ascii_prefix(text) == text.size(); }

/// True if \p pattern matches itself and nothing else: no program is needed to search for it, and
/// what repairs a text leaves it alone.
bool is_plain(std::string_view pattern) {
  constexpr std::size_t kLongest = 1024;
  return !pattern.empty() && pattern.size() <= kLongest && is_ascii(pattern) &&
         pattern.find_first_of("\\^$.|?*+()[]{}") == std::string_view::npos;
}

/// \p pattern with its groups (?<name>...), which this RE2 does not know, as (?P<name>...).
std::string with_p_groups(std::string_view pattern) {
  constexpr std::string_view kOpen = "(?<";
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("\\Q") && !in_class) {
      const std::size_t end = std::min(rest.find("\\E"), rest.size());
      out += rest.substr(0, end);
      i += end;
      if (i >= pattern.size()) break;
    }
    if (pattern[i] == '\\') {
      out += pattern.substr(i, 2);
      ++i;
      continue;
    }
    const bool first_in_class =
        in_class && (pattern[i - 1] == '[' || pattern.substr(i - 2, 2) == "[^");
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']' && !first_in_class) in_class = false;
    const char after = rest.size() > kOpen.size() ? rest[kOpen.size()] : '=';
    const bool named = !in_class && rest.starts_with(kOpen) && after != '=' && after != '!';
    out += named ? std::string_view("(?P") : rest.substr(0, 1);
    if (named) i += 1;
  }
  return out;
}

/// A text as a program sees it, with each bad byte as U+FFFD, and as it is.
class Input {
 public:
  explicit Input(std::string_view text) : text_(text) {
    if (!is_utf8(text)) copy_ = to_utf8(text);
  }
  re2::StringPiece seen() const {
    return copy_.empty() ? re2::StringPiece(text_.data(), text_.size()) : re2::StringPiece(copy_);
  }
  /// The bytes that \p piece of seen() stands for; empty for a group that matched nothing.
  re2::StringPiece original(re2::StringPiece piece) {
    if (copy_.empty() || piece.data() == nullptr) return piece;
    const auto begin = static_cast<std::size_t>(piece.data() - copy_.data());
    const std::size_t from = offset(begin), to = offset(begin + piece.size());
    return {text_.data() + from, to - from};
  }

 private:
  static constexpr std::size_t kReplacement = 3;  ///< bytes of U+FFFD

  std::size_t offset(std::size_t at) {
    if (bad_.empty()) find_bad();
    const auto before = std::lower_bound(bad_.begin(), bad_.end(), at) - bad_.begin();
    return at - static_cast<std::size_t>(before) * (kReplacement - 1);
  }
  void find_bad() {
    std::size_t shown = 0;
    for (std::size_t i = 0; i < text_.size();) {
      const std::size_t n = sequence_length(text_.substr(i));
      if (n == 0) bad_.push_back(static_cast<std::uint32_t>(shown));
      shown += n == 0 ? kReplacement : n;
      i += std::max<std::size_t>(1, n);
    }
  }

  std::string_view text_;
  std::string copy_;
  std::vector<std::uint32_t> bad_;  ///< where copy_ has them; found when they are first asked for
};

thread_local DeferredRegexes* deferred = nullptr;

}  // namespace

struct Regex::Impl : std::enable_shared_from_this<Regex::Impl> {
  Impl(std::string_view text, std::size_t memory)
      : pattern(text), plain(is_plain(text)), max_memory(memory) {}

  const std::string pattern;
  const bool plain;
  const std::size_t max_memory;

  /// Shared by the caller and, while it is asked for often enough, by this.
  std::shared_ptr<const RE2> program() const {
    {
      const std::lock_guard lock(mutex_);
      used_ = true;
      if (program_) return program_;
      program_ = make();
    }
    LastUsed::instance().add(weak_from_this());
    const std::lock_guard lock(mutex_);
    return program_ ? program_ : make();
  }

  /// Makes the program now, and keeps it for good if \p keep.
  Status check(bool keep) {
    auto made = make();
    if (!made->ok())
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("regex {}: {}", pattern.substr(0, 200), made->error())};
    if (keep) program_ = std::move(made);
    return {};
  }

  /// Some hundred deferred programs that were asked for last (a clock with a second chance): a scan
  /// with thousands of templates uses most of theirs once or twice.
  class LastUsed {
   public:
    static LastUsed& instance() {
      static LastUsed all;
      return all;
    }
    void add(std::weak_ptr<const Impl> one) {
      const std::lock_guard lock(mutex_);
      if (kept_.size() < kMost) return kept_.push_back(std::move(one));
      while (!give_up(kept_[hand_])) hand_ = (hand_ + 1) % kMost;
      kept_[hand_] = std::move(one);
      hand_ = (hand_ + 1) % kMost;
    }

   private:
    static constexpr std::size_t kMost = 300;
    static bool give_up(const std::weak_ptr<const Impl>& one) {
      const auto impl = one.lock();
      return impl == nullptr || impl->drop();
    }
    std::mutex mutex_;
    std::vector<std::weak_ptr<const Impl>> kept_;
    std::size_t hand_ = 0;
  };

  /// Value of the group that `$reference` names; empty if there is none.
  std::string_view group(const std::string& reference,
                         const std::vector<re2::StringPiece>& found) const {
    std::size_t index = found.size();
    if (!reference.empty() && reference.find_first_not_of("0123456789") == std::string::npos) {
      index = reference.size() < 4 ? static_cast<std::size_t>(std::stoi(reference)) : found.size();
    } else {
      const auto made = program();
      const auto it = made->NamedCapturingGroups().find(reference);
      if (it != made->NamedCapturingGroups().end()) index = static_cast<std::size_t>(it->second);
    }
    if (index >= found.size()) return {};
    return {found[index].data(), found[index].size()};
  }

  /// Go's Regexp.Expand.
  void expand(std::string_view replacement, const std::vector<re2::StringPiece>& found,
              std::string& out) const {
    const auto is_word = [](char c) {
      return c == '_' || std::isalnum(static_cast<unsigned char>(c));
    };
    for (std::size_t i = 0; i < replacement.size(); ++i) {
      if (replacement[i] != '$' || i + 1 == replacement.size()) {
        out += replacement[i];
        continue;
      }
      if (replacement[i + 1] == '$') {
        out += '$';
        ++i;
        continue;
      }
      const bool braced = replacement[i + 1] == '{';
      const std::size_t begin = i + (braced ? 2 : 1);
      std::size_t end = begin;
      while (end < replacement.size() && is_word(replacement[end])) ++end;
      const bool closed = !braced || (end < replacement.size() && replacement[end] == '}');
      if (end == begin || !closed) {
        out += '$';
        continue;
      }
      out += group(std::string(replacement.substr(begin, end - begin)), found);
      i = braced ? end : end - 1;
    }
  }

  /// Calls \p visit with the groups of each non-overlapping match, as Go's FindAll walks them: an
  /// empty match right after a match does not count, and the walk steps by whole characters.
  template <typename Visit>
  void each_match(re2::StringPiece text, int groups, Visit visit) const {
    std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups));
    std::size_t at = 0;
    const char* last_end = nullptr;
    const auto made = program();
    while (at <= text.size() &&
           made->Match(text, at, text.size(), RE2::UNANCHORED, found.data(), groups)) {
      const char* end = found[0].data() + found[0].size();
      const std::size_t offset = static_cast<std::size_t>(end - text.data());
      if (!found[0].empty() || found[0].data() != last_end) visit(found);
      last_end = end;
      if (offset > at || !found[0].empty()) {
        at = offset;
      } else {
        at += at < text.size()
                  ? std::max<std::size_t>(1, sequence_length({text.data() + at, text.size() - at}))
                  : 1;
      }
    }
  }

 private:
  /// False once after each use: a second chance.
  bool drop() const {
    const std::lock_guard lock(mutex_);
    if (std::exchange(used_, false)) return false;
    program_.reset();
    return true;
  }

  std::shared_ptr<const RE2> make() const {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<std::int64_t>(max_memory));
    if (pattern.find("(?<") != std::string::npos) {
      return std::make_shared<const RE2>(with_p_groups(pattern), options);
    }
    return std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  }

  mutable std::mutex mutex_;
  mutable bool used_ = false;                   ///< guarded by mutex_, as program_
  mutable std::shared_ptr<const RE2> program_;  ///< null: not there now
};

Result<Regex> Regex::compile(std::string_view pattern, std::size_t max_memory) {
  if (pattern.size() > kMaxPattern) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("regex: pattern of {} bytes is over {}", pattern.size(), kMaxPattern)};
  }
  auto impl = std::make_shared<Impl>(pattern, max_memory);
  if (!impl->plain && (!deferred || !deferred->trusted_)) {
    const Status good = impl->check(/*keep=*/!deferred);
    if (!good.ok()) {
      if (deferred) deferred->all_good_ = false;
      return good.error();
    }
  }
  Regex regex;
  regex.impl_ = std::move(impl);
  return regex;
}

bool Regex::search(std::string_view text) const {
  if (impl_->plain) return find_bytes(text, impl_->pattern) != std::string_view::npos;
  const Input input(text);
  const re2::StringPiece seen = input.seen();
  return impl_->program()->Match(seen, 0, seen.size(), RE2::UNANCHORED, nullptr, 0);
}

std::optional<std::pair<std::size_t, std::size_t>> Regex::find(std::string_view text) const {
  if (impl_->plain) {
    const std::size_t at = find_bytes(text, impl_->pattern);
    if (at == std::string_view::npos) return std::nullopt;
    return std::pair(at, impl_->pattern.size());
  }
  Input input(text);
  const re2::StringPiece seen = input.seen();
  re2::StringPiece found;
  if (!impl_->program()->Match(seen, 0, seen.size(), RE2::UNANCHORED, &found, 1))
    return std::nullopt;
  const re2::StringPiece piece = input.original(found);
  return std::pair(static_cast<std::size_t>(piece.data() - text.data()), piece.size());
}

std::vector<std::string> Regex::find_all(std::string_view text, int group) const {
  std::vector<std::string> results;
  if (group < 0 || (group > 0 && group > groups())) return results;
  Input input(text);
  impl_->each_match(input.seen(), group + 1, [&](const auto& found) {
    const auto piece = input.original(found[static_cast<std::size_t>(group)]);
    results.emplace_back(piece.data() ? std::string(piece.data(), piece.size()) : std::string());
  });
  return results;
}

std::optional<std::vector<std::string>> Regex::first_groups(std::string_view text) const {
  Input input(text);
  const re2::StringPiece seen = input.seen();
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups()) + 1);
  if (!impl_->program()->Match(seen, 0, seen.size(), RE2::UNANCHORED, found.data(),
                               static_cast<int>(found.size())))
    return std::nullopt;
  std::vector<std::string> out;
  for (std::size_t i = 1; i < found.size(); ++i) {
    const auto piece = input.original(found[i]);
    out.emplace_back(piece.data() ? piece.data() : "", piece.size());
  }
  return out;
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  Input input(text);
  std::string out;
  const char* rest = text.data();
  impl_->each_match(input.seen(), groups() + 1, [&](std::vector<re2::StringPiece> found) {
    for (re2::StringPiece& piece : found) piece = input.original(piece);
    out.append(rest, static_cast<std::size_t>(found[0].data() - rest));
    impl_->expand(replacement, found, out);
    rest = found[0].data() + found[0].size();
  });
  out.append(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  return out;
}

DeferredRegexes::DeferredRegexes(bool trusted) : trusted_(trusted) { deferred = this; }
DeferredRegexes::~DeferredRegexes() { deferred = nullptr; }

int Regex::groups() const { return impl_->program()->NumberOfCapturingGroups(); }
const std::string& Regex::pattern() const { return impl_->pattern; }

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t plain = ascii_prefix(text.substr(i)); plain > 0) {
      i += plain;
      continue;
    }
    const std::size_t n = sequence_length(text.substr(i));
    if (n == 0) return false;
    i += n;
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = sequence_length(text.substr(i));
    out.append(n == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(i, n));
    i += std::max<std::size_t>(1, n);
  }
  return out;
}

}  // namespace m8
