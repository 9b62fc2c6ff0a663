#include "probe/cdn.h"

#include <algorithm>
#include <tuple>

#include "base/file.h"
#include "base/json.h"

namespace m8::probe {
namespace {

struct Published {
  const char* name;
  const char* type;
  std::vector<const char*> ranges;
};

/// What the providers publish about themselves.
const std::vector<Published>& published() {
  static const std::vector<Published> kRanges{
      {"cloudflare",
       "waf",
       {"173.245.48.0/20",  "103.21.244.0/22",  "103.22.200.0/22", "103.31.4.0/22",
        "141.101.64.0/18",  "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20",
        "197.234.240.0/22", "198.41.128.0/17",  "162.158.0.0/15",  "104.16.0.0/13",
        "104.24.0.0/14",    "172.64.0.0/13",    "131.0.72.0/22",   "2400:cb00::/32",
        "2606:4700::/32",   "2803:f800::/32",   "2405:b500::/32",  "2405:8100::/32",
        "2a06:98c0::/29",   "2c0f:f248::/32"}},
      {"fastly", "cdn", {"23.235.32.0/20",   "43.249.72.0/22",   "103.244.50.0/24",
                         "103.245.222.0/23", "103.245.224.0/24", "104.156.80.0/20",
                         "140.248.64.0/18",  "140.248.128.0/17", "146.75.0.0/17",
                         "151.101.0.0/16",   "157.52.64.0/18",   "167.82.0.0/17",
                         "167.82.128.0/20",  "167.82.160.0/20",  "167.82.224.0/20",
                         "172.111.64.0/18",  "185.31.16.0/22",   "199.27.72.0/21",
                         "199.232.0.0/16",   "2a04:4e40::/32",   "2a04:4e42::/32"}},
      {"incapsula",
       "waf",
       {"199.83.128.0/21", "198.143.32.0/19", "149.126.72.0/21", "103.28.248.0/22", "45.64.64.0/22",
        "185.11.124.0/22", "192.230.64.0/18", "107.154.0.0/16", "45.60.0.0/16", "45.223.0.0/16",
        "2a02:e980::/29"}},
      {"sucuri",
       "waf",
       {"192.88.134.0/23", "185.93.228.0/22", "66.248.200.0/22", "208.109.0.0/22",
        "2a02:fe80::/29"}},
  };
  return kRanges;
}

std::array<std::uint8_t, 16> key_of(const net::IpAddress& ip) {
  std::array<std::uint8_t, 16> key{};
  if (ip.is_v4()) key[10] = key[11] = 0xff;
  std::copy_n(ip.data(), ip.size(), key.begin() + (ip.is_v4() ? 12 : 0));
  return key;
}

}  // namespace

void CdnTable::add(std::string_view cidr, std::size_t entry) {
  const auto range = net::Cidr::parse(cidr);
  if (!range.ok()) {
    ++skipped_;
    return;
  }
  Range made;
  made.entry = entry;
  made.width = range->prefix() + (range->base().is_v4() ? 96 : 0);
  made.first = made.last = key_of(range->base());
  for (int bit = made.width; bit < 128; ++bit)
    made.last[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
  ranges_.push_back(made);
}

/// Links each range to the narrowest one around it: ranges either nest or are apart.
void CdnTable::finish() {
  std::stable_sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
    return std::tie(a.first, a.width) < std::tie(b.first, b.width);
  });
  ranges_.erase(std::unique(ranges_.begin(), ranges_.end(),
                            [](const Range& a, const Range& b) {
                              return a.first == b.first && a.width == b.width;
                            }),
                ranges_.end());
  std::vector<std::size_t> around;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    while (!around.empty() && ranges_[around.back()].last < ranges_[i].first) around.pop_back();
    ranges_[i].parent = around.empty() ? 0 : around.back() + 1;
    around.push_back(i);
  }
}

const CdnTable::Entry* CdnTable::find(const net::IpAddress& ip) const {
  const Key key = key_of(ip);
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), key,
                       [](const Key& k, const Range& range) { return k < range.first; });
  for (auto at = static_cast<std::size_t>(after - ranges_.begin()); at != 0;
       at = ranges_[at - 1].parent) {
    if (key <= ranges_[at - 1].last) return &entries_[ranges_[at - 1].entry];
  }
  return nullptr;
}

CdnTable CdnTable::builtin() {
  CdnTable table;
  for (const Published& one : published()) {
    table.entries_.push_back({one.name, one.type});
    for (const char* range : one.ranges) table.add(range, table.entries_.size() - 1);
  }
  table.finish();
  return table;
}

Result<CdnTable> CdnTable::parse(std::string_view text) {
  const auto root = json::parse(text);
  if (!root.ok()) return root.error().with_context("ranges");
  CdnTable table;
  for (const char* type : {"cdn", "waf", "cloud"}) {
    const json::Value* names = root->find(type);
    if (names == nullptr) continue;
    for (const auto& [name, ranges] : names->members()) {
      table.entries_.push_back({name, type});
      for (const json::Value& range : ranges.items())
        table.add(range.as_string(), table.entries_.size() - 1);
    }
  }
  if (table.ranges_.empty())
    return Error{ErrorCode::kInvalidArgument, "ranges: no \"cdn\", \"waf\" or \"cloud\" with any"};
  table.finish();
  return table;
}

Result<CdnTable> CdnTable::load(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  auto table = parse(text);
  if (!table.ok()) return table.error().with_context(path);
  return table;
}

}  // namespace m8::probe
