#include "enumerate/sources/answer_cache.h"

#include <charconv>

namespace m8::enumerate::sources {
namespace {

using std::chrono::seconds;

constexpr seconds kOldest = std::chrono::hours(30 * 24);
/// Begins each answer; then the time (Unix), the names, one a line.
constexpr std::string_view kMagic = "m8 answer 1 ";

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

std::string key_of(std::string_view source, const net::Name& domain, std::string_view variant) {
  return std::string(source) + ' ' + domain.text() + ' ' + std::string(variant);
}

}  // namespace

AnswerCache::AnswerCache(cache::Backend* backend, std::chrono::seconds ttl, Clock& clock)
    : ttl_(ttl), clock_(clock) {
  if (backend) cache_.emplace(cache::Cache::Options{"answers", "1", kOldest}, *backend);
}

std::optional<AnswerCache::Answer> AnswerCache::find(std::string_view source,
                                                     const net::Name& domain,
                                                     std::string_view variant) {
  const auto text = cache_ ? cache_->get(key_of(source, domain, variant)) : nullptr;
  if (!text || !text->starts_with(kMagic)) return std::nullopt;
  std::string_view rest(*text);
  const std::string_view head = take_line(rest).substr(kMagic.size());
  std::int64_t time = 0;
  std::from_chars(head.data(), head.data() + head.size(), time);
  Answer answer;
  answer.time = WallTime(seconds(time));
  const auto age = clock_.wall() - answer.time;
  if (age > kOldest || age < seconds(0) - seconds(60)) return std::nullopt;
  answer.fresh = age < ttl_;
  while (!rest.empty()) {
    auto name = net::Name::parse(take_line(rest));
    if (name.ok() && name->is_inside(domain)) answer.names.push_back(std::move(*name));
  }
  return answer;
}

void AnswerCache::keep(std::string_view source, const net::Name& domain, std::string_view variant,
                       const std::vector<std::string>& names) {
  if (!cache_) return;
  const auto now = std::chrono::duration_cast<seconds>(clock_.wall().time_since_epoch());
  std::string text = std::string(kMagic) + std::to_string(now.count()) + "\n";
  for (const auto& name : names) (text += name) += '\n';
  cache_->put(key_of(source, domain, variant), std::move(text),
              {.ttl = {}, .tags = {domain.text(), std::string(source)}});
}

}  // namespace m8::enumerate::sources
