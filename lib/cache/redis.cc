#include "cache/redis.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace m8::cache {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPrefix = "m8:";
constexpr std::string_view kTagPrefix = "m8#tag:";
constexpr std::string_view kCounts = "m8#counts";
constexpr milliseconds kLongest = std::chrono::hours(24 * 30);
constexpr std::size_t kScanStep = 1'000;
constexpr std::size_t kLargest = 16u << 20;  // a value

std::string prefixed(std::string_view prefix, std::string_view key) {
  return std::string(prefix).append(key);
}

/// A pattern of SCAN that only what begins with \p prefix matches.
std::string glob(std::string_view prefix) {
  std::string pattern(kPrefix);
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + '*';
}

Bytes bytes_of(RedisReply reply) {
  if (reply.kind != RedisReply::Kind::kText) return nullptr;
  return std::make_shared<const std::string>(std::move(reply.text));
}

Error wrong(const RedisReply& reply) {
  return {ErrorCode::kProtocol, reply.kind == RedisReply::Kind::kError
                                    ? "redis: " + reply.text.substr(0, 200)
                                    : std::string("redis: an answer of another kind")};
}

/// The number after "NAME:" in the text of INFO.
std::uint64_t info(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(prefixed("\n", name) + ":");
  std::uint64_t value = 0;
  if (at == text.npos) return 0;
  const std::string_view digits = text.substr(at + name.size() + 2);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<std::unique_ptr<Redis>> Redis::open(Options options) {
  std::unique_ptr<Redis> redis(new Redis(options));
  redis->link_ = M8_TRY(RedisLink::start(std::move(options.link)));
  return redis;
}

Redis::Redis(const Options& options)
    : timeout_(options.timeout), patience_(options.patience), name_(options.link.url.shown()) {}

// ---- misses, never errors -----------------------------------------------------------------------

Bytes Redis::get(std::string_view key) {
  auto replies = link_->ask({{"GET", prefixed(kPrefix, key)}}, timeout_);
  if (replies.ok()) return bytes_of(std::move(replies->front()));
  failures_.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

std::vector<Bytes> Redis::get_many(std::span<const std::string> keys) {
  std::vector<Bytes> values(keys.size());
  if (keys.empty()) return values;
  RedisCommand command{"MGET"};
  for (const auto& key : keys) command.push_back(prefixed(kPrefix, key));
  auto replies = link_->ask({std::move(command)}, timeout_);
  if (!replies.ok() || replies->front().list.size() != keys.size()) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    return values;
  }
  for (std::size_t i = 0; i < keys.size(); ++i)
    values[i] = bytes_of(std::move(replies->front().list[i]));
  return values;
}

void Redis::get_later(std::string_view key, Done done) {
  link_->send({{"GET", prefixed(kPrefix, key)}}, timeout_,
              [this, done = std::move(done)](Result<RedisLink::Replies> replies) {
                if (!replies.ok()) failures_.fetch_add(1, std::memory_order_relaxed);
                done(replies.ok() ? bytes_of(std::move(replies->front())) : nullptr);
              });
}

void Redis::put(std::string_view key, std::string value, const Keep& keep) {
  if (value.size() > kLargest) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    (void)erase(key);
    return;
  }
  const milliseconds ttl = keep.ttl.count() > 0 ? std::min(keep.ttl, kLongest) : kLongest;
  RedisLink::Commands commands;
  commands.push_back(
      {"SET", prefixed(kPrefix, key), std::move(value), "PX", std::to_string(ttl.count())});
  for (const auto& tag : keep.tags) {
    const std::string set = prefixed(kTagPrefix, tag);
    commands.push_back({"SADD", set, prefixed(kPrefix, key)});
    commands.push_back({"PEXPIRE", set, std::to_string(kLongest.count())});
  }
  link_->send(std::move(commands), timeout_, [this](const Result<RedisLink::Replies>& replies) {
    if (!replies.ok()) {
      (replies.error().code == ErrorCode::kTimeout ? failures_ : refused_).fetch_add(1);
    } else if (replies->front().kind == RedisReply::Kind::kError) {
      refused_.fetch_add(1, std::memory_order_relaxed);  // full, or not for writing
    }
  });
}

// ---- what is asked for by name ------------------------------------------------------------------

Result<RedisReply> Redis::one(RedisCommand command) {
  auto replies = link_->ask({std::move(command)}, patience_);
  if (!replies.ok()) return replies.error().with_context(name_);
  if (replies->front().kind == RedisReply::Kind::kError) return wrong(replies->front());
  return std::move(replies->front());
}

Result<std::uint64_t> Redis::unlink(std::vector<std::string> keys) {
  if (keys.empty()) return std::uint64_t{0};
  keys.insert(keys.begin(), "UNLINK");
  const RedisReply reply = M8_TRY(one(std::move(keys)));
  return static_cast<std::uint64_t>(reply.number);
}

Result<std::uint64_t> Redis::erase(std::string_view key) {
  return unlink({prefixed(kPrefix, key)});
}

/// One step; \p cursor is "0" at the beginning and after the end.
Result<std::vector<std::string>> Redis::scan(std::string& cursor, const std::string& pattern) {
  RedisReply reply =
      M8_TRY(one({"SCAN", cursor, "MATCH", pattern, "COUNT", std::to_string(kScanStep)}));
  if (reply.list.size() != 2) return wrong(reply);
  cursor = std::move(reply.list[0].text);
  std::vector<std::string> keys;
  for (auto& key : reply.list[1].list) keys.push_back(std::move(key.text));
  return keys;
}

Result<std::uint64_t> Redis::erase_prefix(std::string_view prefix) {
  const std::string pattern = glob(prefix);
  std::string cursor = "0";
  std::uint64_t erased = 0;
  do {
    auto keys = M8_TRY(scan(cursor, pattern));
    erased += M8_TRY(unlink(std::move(keys)));
  } while (cursor != "0");
  return erased;
}

Result<std::uint64_t> Redis::erase_tag(std::string_view tag) {
  const std::string set = prefixed(kTagPrefix, tag);
  RedisReply members = M8_TRY(one({"SMEMBERS", set}));
  std::uint64_t erased = 0;
  std::vector<std::string> keys;
  for (auto& member : members.list) {
    keys.push_back(std::move(member.text));
    if (keys.size() == kScanStep) erased += M8_TRY(unlink(std::exchange(keys, {})));
  }
  erased += M8_TRY(unlink(std::move(keys)));
  M8_TRY(unlink({set}));
  return erased;
}

Status Redis::each(std::string_view prefix, const Visit& visit) {
  const std::string pattern = glob(prefix);
  std::string cursor = "0";
  do {
    const auto keys = M8_TRY(scan(cursor, pattern));
    RedisLink::Commands commands;
    for (const auto& key : keys) {
      commands.push_back({"STRLEN", key});
      commands.push_back({"PTTL", key});
    }
    if (keys.empty()) continue;
    const auto replies = link_->ask(std::move(commands), patience_);
    if (!replies.ok()) return replies.error().with_context(name_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::int64_t left = (*replies)[2 * i + 1].number;
      if (left == -2) continue;  // gone meanwhile
      visit({keys[i].substr(kPrefix.size()), static_cast<std::uint64_t>((*replies)[2 * i].number),
             milliseconds(std::max<std::int64_t>(left, 0))});
    }
  } while (cursor != "0");
  return {};
}

Status Redis::check() {
  const RedisReply reply = M8_TRY(one({"PING"}));
  return reply.text == "PONG" ? Status() : Status(wrong(reply));
}

void Redis::count(std::string_view name, std::uint64_t hits, std::uint64_t misses) {
  const std::string hash(kCounts);
  link_->send({{"HINCRBY", hash, std::string(name) + ":hits", std::to_string(hits)},
               {"HINCRBY", hash, std::string(name) + ":misses", std::to_string(misses)}},
              timeout_, [](const Result<RedisLink::Replies>&) {});
}

Result<std::vector<NamedCounts>> Redis::counts() {
  const RedisReply reply = M8_TRY(one({"HGETALL", std::string(kCounts)}));
  std::vector<NamedCounts> all;
  for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) {
    const std::string& field = reply.list[i].text;
    const std::string name = field.substr(0, field.rfind(':'));
    auto known =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (known == all.end()) known = all.insert(all.end(), NamedCounts{name, 0, 0});
    (field.ends_with(":hits") ? known->hits : known->misses) = number(reply.list[i + 1].text);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

BackendStats Redis::stats() {
  BackendStats stats;
  stats.state = link_->state();
  stats.refused = refused_.load(std::memory_order_relaxed);
  stats.failures = failures_.load(std::memory_order_relaxed);
  if (const auto memory = one({"INFO", "memory"}); memory.ok()) {
    stats.bytes = info(memory->text, "used_memory");
    stats.limit_bytes = info(memory->text, "maxmemory");
  }
  if (const auto counts = one({"INFO", "stats"}); counts.ok()) {
    stats.evicted = info(counts->text, "evicted_keys");
    stats.expired = info(counts->text, "expired_keys");
  }
  return stats;
}

}  // namespace m8::cache
