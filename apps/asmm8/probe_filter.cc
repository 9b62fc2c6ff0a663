#include "probe_filter.h"

#include <algorithm>
#include <charconv>

namespace m8::asmm8 {
namespace {

bool read_number(std::string_view text, long long& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool holds(const std::vector<std::string>& texts, const model::Endpoint& record) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return record.body.find(text) != std::string::npos ||
           record.raw_header.find(text) != std::string::npos;
  });
}

bool matches(const std::vector<Regex>& expressions, const model::Endpoint& record) {
  return std::any_of(expressions.begin(), expressions.end(), [&](const Regex& regex) {
    return regex.search(record.body) || regex.search(record.raw_header);
  });
}

bool holds(const std::vector<ProbeCondition>& conditions, const model::Endpoint& record) {
  return std::any_of(conditions.begin(), conditions.end(),
                     [&record](const auto& condition) { return condition.holds(record); });
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

Status ProbeFilter::read(const cli::Values& flags, const std::string& prefix, Side& side) {
  for (auto [name, ranges] :
       {std::pair{"code", &side.codes}, std::pair{"length", &side.lengths},
        std::pair{"line-count", &side.lines}, std::pair{"word-count", &side.words}}) {
    for (const std::string& text : flags.list(prefix + name)) {
      const std::size_t dash = text.find('-');
      Range range{0, 0};
      const bool good = read_number(std::string_view(text).substr(0, dash), range.first) &&
                        read_number(dash == text.npos ? std::string_view(text)
                                                      : std::string_view(text).substr(dash + 1),
                                    range.last);
      if (!good)
        return Error{ErrorCode::kInvalidArgument,
                     "--" + prefix + name + ": not a number or a range: " + text};
      ranges->push_back(range);
    }
  }
  side.texts = flags.list(prefix + "string");
  side.favicons = flags.list(prefix + "favicon");
  side.cdns = flags.list(prefix + "cdn");
  for (const std::string& text : flags.list(prefix + "regex"))
    side.expressions.push_back(M8_TRY(Regex::compile(text)));
  if (const std::string text = flags.text(prefix + "condition"); !text.empty()) {
    auto condition = ProbeCondition::compile(text);
    if (!condition.ok()) return condition.error().with_context("--" + prefix + "condition");
    side.conditions.push_back(std::move(*condition));
  }
  return {};
}

Result<ProbeFilter> ProbeFilter::from(const cli::Values& flags) {
  ProbeFilter filter;
  M8_TRY(read(flags, "match-", filter.match_));
  M8_TRY(read(flags, "filter-", filter.filter_));
  return filter;
}

bool ProbeFilter::inside(const std::vector<Range>& ranges, long long value) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return range.first <= value && value <= range.last;
  });
}

bool ProbeFilter::accepts(const model::Endpoint& record) const {
  if (!record.live) return true;
  const auto words = static_cast<long long>(record.words);
  const auto lines = static_cast<long long>(record.lines);
  const Side& m = match_;
  const bool wanted = (m.codes.empty() || inside(m.codes, record.status)) &&
                      (m.lengths.empty() || inside(m.lengths, record.content_length)) &&
                      (m.lines.empty() || inside(m.lines, lines)) &&
                      (m.words.empty() || inside(m.words, words)) &&
                      (m.texts.empty() || holds(m.texts, record)) &&
                      (m.favicons.empty() || has(m.favicons, record.favicon)) &&
                      (m.cdns.empty() || has(m.cdns, record.cdn_name)) &&
                      (m.expressions.empty() || matches(m.expressions, record)) &&
                      (m.conditions.empty() || holds(m.conditions, record));
  const Side& f = filter_;
  const bool unwanted = inside(f.codes, record.status) ||
                        inside(f.lengths, record.content_length) || inside(f.lines, lines) ||
                        inside(f.words, words) || holds(f.texts, record) ||
                        has(f.favicons, record.favicon) || has(f.cdns, record.cdn_name) ||
                        matches(f.expressions, record) || holds(f.conditions, record);
  return wanted && !unwanted;
}

}  // namespace m8::asmm8
