#include "protocols/http_url.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/byte_set.h"

namespace m8::protocols {
namespace {

constexpr ByteSet kHex("0123456789ABCDEFabcdef");
constexpr ByteSet kPath = ByteSet::alphanumeric_and("-._~!$&'()*+,;=:@[]/");
constexpr ByteSet kEncodedPath = ByteSet::alphanumeric_and("-_.~$&+,/:;=@");
constexpr ByteSet kFragment = ByteSet::alphanumeric_and("-_.~$&+,/:;=?@!()*");

void append_percent(std::string& out, unsigned char c, std::string_view digits) {
  out += '%';
  out += digits[c >> 4];
  out += digits[c & 15];
}
constexpr std::string_view kUpper = "0123456789ABCDEF";
constexpr std::string_view kLower = "0123456789abcdef";

/// Keys in order of first appearance, each with its items (key[=value]) in order.
class Parameters {
 public:
  explicit Parameters(bool keep_equals) : keep_equals_(keep_equals) {}

  /// A `&` at the end starts no item.
  void add(std::string_view query) {
    for (std::size_t at = 0; at < query.size();) {
      const auto end = std::min(query.find('&', at), query.size());
      add_item(query.substr(at, end - at));
      at = end + 1;
    }
  }

  std::string text() {
    std::string out;
    for (auto first = items_.begin(); first != items_.end(); ++first) {
      if (first->written) continue;
      const std::string_view key = first->key;
      for (auto item = first; item != items_.end(); ++item)
        if (!item->written && item->key == key) write(*item, out);
    }
    return out;
  }

 private:
  struct Item {
    std::string_view key, value;
    bool written = false;
  };

  void add_item(std::string_view item) {
    const auto equals = std::min(item.find('='), item.size());
    items_.push_back({item.substr(0, equals), item.substr(std::min(equals + 1, item.size()))});
  }

  void write(Item& item, std::string& out) const {
    item.written = true;
    if (!out.empty()) out += '&';  // so empty items at the front vanish, as in the reference
    out.append(item.key);
    if (!item.value.empty() || keep_equals_) out.append("=").append(item.value);
  }

  const bool keep_equals_;
  std::vector<Item> items_;
};

/// The three states of a path's bytes (templates 3.2.5).
enum class PathBytes { kClean, kBadPercent, kNeedsEncoding };

PathBytes classify(std::string_view path) {
  PathBytes state = PathBytes::kClean;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (i + 2 >= path.size() || !kHex.has(path[i + 1]) || !kHex.has(path[i + 2])) {
        return PathBytes::kBadPercent;
      }
      i += 2;
    } else if (!kPath.has(path[i])) {
      state = PathBytes::kNeedsEncoding;
    }
  }
  return state;
}

std::string encode_others(std::string_view text, const ByteSet& kept) {
  std::string out;
  for (const char c : text) {
    if (kept.has(c)) {
      out += c;
    } else {
      append_percent(out, static_cast<unsigned char>(c), kUpper);
    }
  }
  return out;
}

std::string encode_anew(std::string_view text) { return encode_others(text, kEncodedPath); }

/// A fragment counts as plain text, even where it is encoded already: %2F is shown as %252F. Never
/// sent, but part of where something was found.
std::string encode_fragment(std::string_view text) { return encode_others(text, kFragment); }

bool has_scheme(std::string_view text) {
  const auto at = text.find("://");
  return at != std::string_view::npos && at > 0 && text.find_first_of("/?#") > at;
}

/// A target that is just "/" says nothing about the path (templates 3.3 a).
bool is_root(const TargetParts& parts) { return parts.path == "/" && parts.query.empty(); }

void set_query(net::Url& url, std::string query) {
  url.has_query = !query.empty();
  url.query = std::move(query);
}

}  // namespace

TargetParts split_target(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    target.remove_prefix(target.find("://") + 3);
    target.remove_prefix(std::min(target.find_first_of("/?#"), target.size()));
  }
  TargetParts parts;
  if (const auto hash = target.find('#'); hash != std::string_view::npos) {
    parts.fragment = target.substr(hash + 1);
    target = target.substr(0, hash);
  }
  const auto mark = target.find('?');
  parts.path = target.substr(0, mark);
  if (mark != std::string_view::npos) parts.query = target.substr(mark + 1);
  return parts;
}

std::string merge_queries(std::string_view above, std::string_view below, bool keep_equals) {
  if (above.empty() && below.empty()) return {};
  Parameters parameters(keep_equals);
  if (!above.empty()) parameters.add(above);
  if (!below.empty()) parameters.add(below);
  return parameters.text();
}

std::string encode_query(std::string_view query) {
  std::string out;
  out.reserve(query.size());
  for (const char c : query) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      out += '+';
    } else if (byte < 0x20 || byte >= 0x7f) {
      append_percent(out, byte, kLower);
    } else {
      out += c;
    }
  }
  return out;
}

std::string encode_path(std::string_view path) {
  switch (classify(path)) {
    case PathBytes::kClean:
      return std::string(path);
    case PathBytes::kBadPercent:
      return encode_anew(path);
    case PathBytes::kNeedsEncoding:
      return encode_anew(net::percent_decode(path));
  }
  return {};
}

std::string join_paths(std::string_view base, std::string_view path) {
  if (path.empty()) return std::string(base);
  std::string tail(path);
  if (base.ends_with('/') && tail.starts_with('/')) {
    tail.erase(0, std::min(tail.find_first_not_of('/'), tail.size()));
  } else if (!base.ends_with('/') && !tail.starts_with('/')) {
    tail.insert(0, "/");
  }
  if (tail.starts_with(base)) return tail;
  if (base.ends_with(tail)) return std::string(base);
  return std::string(base) + tail;
}

Result<net::Url> resolve_path_entry(std::string_view text, const net::Url& target) {
  const auto failed = [text] {
    return Error{ErrorCode::kInvalidArgument, fmt::format("failed to parse url {}", text)};
  };
  if (text.empty() || text[0] == '/') return failed();
  auto url =
      has_scheme(text) ? net::Url::parse(text) : net::Url::parse("https://" + std::string(text));
  if (!url) return failed();
  if (classify(url->path) != PathBytes::kClean) url->path = encode_path(url->path);
  url->fragment = encode_fragment(url->fragment);
  set_query(*url, encode_query(merge_queries(target.query, url->query, false)));
  return url;
}

net::Url resolve_raw_target(std::string_view raw, const net::Url& target, bool automerge) {
  const TargetParts parts = split_target(raw);
  net::Url url = target;
  url.path = encode_path(
      join_paths(automerge ? target.path : std::string(), is_root(parts) ? "" : parts.path));
  const bool merge = automerge || !raw.empty();
  set_query(url, encode_query(merge_queries(merge ? target.query : "", parts.query, false)));
  url.fragment = encode_fragment(parts.fragment);
  return url;
}

std::string unsafe_target(std::string_view raw, const net::Url& target, bool automerge) {
  if (raw.empty()) return {};
  const TargetParts parts = split_target(raw);
  const bool rootless_base = target.path.empty() || target.path == "/";
  const bool verbatim = rootless_base && !parts.path.starts_with('/');
  std::string out(parts.path);
  if (is_root(parts) && !target.path.empty()) {
    out = automerge ? target.path : "";
  } else if (!verbatim) {
    out = join_paths(automerge ? target.path : std::string(), parts.path);
  }
  const std::string query = verbatim && target.query.empty()
                                ? std::string(parts.query)
                                : merge_queries(target.query, parts.query, true);
  if (!query.empty()) out.append("?").append(query);
  if (!parts.fragment.empty()) out.append("#").append(parts.fragment);
  return out;
}

}  // namespace m8::protocols
