#include "enumerate/sources/answer_cache.h"

#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"

namespace m8::enumerate::sources {
namespace {

using std::chrono::seconds;

constexpr seconds kOldest = std::chrono::hours(30 * 24);
/// Begins each file; then the time (Unix), the names, one a line.
constexpr std::string_view kMagic = "m8 answer 1 ";

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace

std::string AnswerCache::path_of(std::string_view source, const net::Name& domain,
                                 std::string_view variant) const {
  const std::string key = domain.text() + "\n" + std::string(variant);
  return folder_ + "/" + std::string(source) + "-" + sha256_hex(key).substr(0, 32);
}

std::optional<AnswerCache::Answer> AnswerCache::find(std::string_view source,
                                                     const net::Name& domain,
                                                     std::string_view variant) const {
  if (folder_.empty()) return std::nullopt;
  const auto text = read_file(path_of(source, domain, variant));
  if (!text.ok() || !text->starts_with(kMagic)) return std::nullopt;
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

Status AnswerCache::keep(std::string_view source, const net::Name& domain, std::string_view variant,
                         const std::vector<std::string>& names) const {
  if (folder_.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return errno_error(folder_, error.value());
  const auto now = std::chrono::duration_cast<seconds>(clock_.wall().time_since_epoch());
  std::string text = std::string(kMagic) + std::to_string(now.count()) + "\n";
  for (const auto& name : names) (text += name) += '\n';
  return write_file_atomically(path_of(source, domain, variant), text);
}

}  // namespace m8::enumerate::sources
