#include "metrics/snapshot.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/json.h"

namespace m8::metrics {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

/// What is left of a line.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  bool take(char c) {
    if (left_.empty() || left_[0] != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (!left_.empty() && (left_[0] == ' ' || left_[0] == '\t')) left_.remove_prefix(1);
  }
  std::string_view name() {
    std::size_t n = 0;
    while (n < left_.size() && is_name_byte(left_[n])) ++n;
    const std::string_view taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }
  /// Up to the closing quote, without escapes; false if there is none.
  bool quoted(std::string& out) {
    if (!take('"')) return false;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      const char c = left_[i];
      if (c == '"') {
        left_.remove_prefix(i + 1);
        return true;
      }
      if (c != '\\') {
        out += c;
      } else if (++i < left_.size()) {
        out += left_[i] == 'n' ? '\n' : left_[i];
      }
    }
    return false;
  }
  std::string_view word() {
    const std::size_t n = std::min(left_.find_first_of(" \t"), left_.size());
    const std::string_view taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }

 private:
  std::string_view left_;
};

bool parse_labels(Cursor& in, SeriesName& series) {
  if (!in.take('{')) return true;
  while (!in.take('}')) {
    in.skip_blanks();
    std::string value;
    const std::string_view name = in.name();
    in.skip_blanks();
    if (name.empty() || !in.take('=')) return false;
    in.skip_blanks();
    if (!in.quoted(value)) return false;
    series.labels.emplace_back(name, std::move(value));
    in.skip_blanks();
    in.take(',');
    in.skip_blanks();
  }
  return true;
}

/// "+Inf", "-Inf", "NaN" and numbers.
bool parse_value(std::string_view text, double& value) {
  if (text.empty() || text.size() > 64) return false;
  const std::string copy(text);
  char* end = nullptr;
  value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size();
}

/// False if \p line is no sample.
bool parse_line(std::string_view line, SeriesName& series, double& value) {
  Cursor in(line);
  series.name = std::string(in.name());
  if (series.name.empty()) return false;
  in.skip_blanks();
  if (!parse_labels(in, series)) return false;
  in.skip_blanks();
  return parse_value(in.word(), value);
}

}  // namespace

std::string_view SeriesName::label(std::string_view wanted) const {
  for (const auto& [key, value] : labels) {
    if (key == wanted) return value;
  }
  return {};
}

Result<Snapshot> Snapshot::parse(std::string_view text, WallTime at) {
  if (text.size() > kMostBytes)
    return Error{ErrorCode::kExhausted, fmt::format("metrics: over {} bytes", kMostBytes)};
  Snapshot snapshot;
  snapshot.at_ = at;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    SeriesName series;
    double value = 0;
    if (!parse_line(line, series, value))
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("metrics: line {}: not a sample", number)};
    if (snapshot.size_ == kMostSeries)
      return Error{ErrorCode::kExhausted, fmt::format("metrics: over {} series", kMostSeries)};
    snapshot.add(std::move(series), value);
  }
  return snapshot;
}

void Snapshot::add(SeriesName series, double value) {
  ++size_;
  auto& list = series_[series.name];
  list.emplace_back(std::move(series), value);
}

void Snapshot::each(std::string_view name,
                    const std::function<void(const SeriesName&, double)>& visit) const {
  const auto found = series_.find(name);
  if (found == series_.end()) return;
  for (const auto& [series, value] : found->second) visit(series, value);
}

double Snapshot::sum(std::string_view name, std::initializer_list<Label> with) const {
  double total = 0;
  each(name, [&](const SeriesName& series, double value) {
    const bool fits = std::all_of(with.begin(), with.end(), [&](const Label& label) {
      return series.label(label.first) == label.second;
    });
    if (fits && std::isfinite(value)) total += value;
  });
  return total;
}

bool Snapshot::has(std::string_view name) const { return series_.find(name) != series_.end(); }

std::map<std::string, double> Snapshot::sums_by(std::string_view name,
                                                std::string_view label) const {
  std::map<std::string, double> sums;
  each(name, [&](const SeriesName& series, double value) {
    if (std::isfinite(value)) sums[std::string(series.label(label))] += value;
  });
  return sums;
}

std::map<double, double> Snapshot::buckets(std::string_view name) const {
  std::map<double, double> counts;
  each(std::string(name) + "_bucket", [&](const SeriesName& series, double value) {
    double bound = 0;
    if (parse_value(series.label("le"), bound) && std::isfinite(value)) counts[bound] += value;
  });
  return counts;
}

void Snapshot::add_growth(const Snapshot* first, const Snapshot& last) {
  for (const auto& [name, list] : last.series_) {
    const bool grows = name.ends_with("_total") || name.ends_with("_sum") ||
                       name.ends_with("_count") || name.ends_with("_bucket");
    if (!grows) continue;
    auto& mine = series_[name];
    for (const auto& [series, value] : list) {
      const double before = first ? first->value(series) : 0;
      const double growth = value >= before ? value - before : value;
      const auto known = std::find_if(
          mine.begin(), mine.end(),
          [&labels = series.labels](const auto& one) { return one.first.labels == labels; });
      if (known != mine.end()) {
        known->second += growth;
      } else {
        mine.emplace_back(series, growth);
        ++size_;
      }
    }
  }
}

double Snapshot::value(const SeriesName& wanted) const {
  double found = 0;
  each(wanted.name, [&](const SeriesName& series, double value) {
    if (series.labels == wanted.labels) found = value;
  });
  return found;
}

std::string Snapshot::json() const {
  json::Writer w;
  w.object();
  for (const auto& [name, list] : series_) {
    for (const auto& [series, value] : list) {
      std::string key = name;
      for (const auto& [label, text] : series.labels)
        key +=
            fmt::format("{}{}=\"{}\"", key.size() == name.size() ? '{' : ',', label, escaped(text));
      if (key.size() > name.size()) key += '}';
      w.field(key, value);
    }
  }
  return w.end().take();
}

}  // namespace m8::metrics
