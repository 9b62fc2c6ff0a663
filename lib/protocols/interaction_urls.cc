#include "protocols/interaction_urls.h"

#include <algorithm>
#include <optional>

#include "oob/correlate.h"

namespace m8::protocols {
namespace {

constexpr std::string_view kName = "interactsh-url";
constexpr std::size_t kMostNumbers = 3;

struct Marker {
  std::size_t begin = 0, end = 0;  ///< braces included
  std::string_view suffix;         ///< "_1_2"
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of the brace that \p text starts with, written as \p brace or as %7\p code; 0 if none.
std::size_t brace_size(std::string_view text, char brace, char code) {
  if (text.starts_with(brace)) return 1;
  const bool encoded =
      text.size() >= 3 && text[0] == '%' && text[1] == '7' && (text[2] | 0x20) == code;
  return encoded ? 3 : 0;
}

/// Begin of the two opening braces right before \p at.
std::optional<std::size_t> opening(std::string_view text, std::size_t at) {
  for (int i = 0; i < 2; ++i) {
    if (at >= 1 && text[at - 1] == '{') {
      at -= 1;
    } else if (at >= 3 && brace_size(text.substr(at - 3, 3), '{', 'b') == 3) {
      at -= 3;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

/// End of the two closing braces at \p at.
std::optional<std::size_t> closing(std::string_view text, std::size_t at) {
  for (int i = 0; i < 2; ++i) {
    const std::size_t size = brace_size(text.substr(at), '}', 'd');
    if (size == 0) return std::nullopt;
    at += size;
  }
  return at;
}

/// Skips up to three times "_" and digits.
std::size_t skip_suffix(std::string_view text, std::size_t at) {
  for (std::size_t n = 0; n < kMostNumbers; ++n) {
    if (at + 1 >= text.size() || text[at] != '_' || !is_digit(text[at + 1])) break;
    for (++at; at < text.size() && is_digit(text[at]);) ++at;
  }
  return at;
}

std::optional<Marker> find_marker(std::string_view text, std::size_t from) {
  for (auto at = text.find(kName, from); at != std::string_view::npos;
       at = text.find(kName, at + kName.size())) {
    const std::size_t name_end = at + kName.size();
    const std::size_t suffix_end = skip_suffix(text, name_end);
    const auto begin = opening(text, at);
    const auto end = closing(text, suffix_end);
    if (begin && end && *begin >= from)
      return Marker{*begin, *end, text.substr(name_end, suffix_end - name_end)};
  }
  return std::nullopt;
}

}  // namespace

bool has_interaction_marker(std::string_view text) { return find_marker(text, 0).has_value(); }

Result<std::string> InteractionUrls::fill(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  while (const auto marker = find_marker(text, done)) {
    if (correlator_ == nullptr)
      return Error{ErrorCode::kInvalidArgument, "no interaction server to make a URL of"};
    out += text.substr(done, marker->begin - done);
    out += make(marker->suffix);
    done = marker->end;
  }
  out += text.substr(done);
  return out;
}

bool InteractionUrls::contains(std::string_view id) const {
  return std::find(ids_.begin(), ids_.end(), id) != ids_.end();
}

std::string InteractionUrls::make(std::string_view suffix) {
  std::string url = correlator_->new_url();
  std::string id = oob::Correlator::id_of(url);
  const std::string end(suffix);
  names_.set("interactsh-url" + end, url);
  names_.set("interactsh-id" + end, id);
  names_.set("interactsh-server", correlator_->domain());
  ids_.push_back(std::move(id));
  return url;
}

}  // namespace m8::protocols
