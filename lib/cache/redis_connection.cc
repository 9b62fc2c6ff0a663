#include "cache/redis_connection.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace m8::cache {
namespace {

constexpr int kLongestList = 10'000'000;
constexpr std::size_t kLongestReply = 64u << 20;

// ---- replies as hiredis's reader makes them -----------------------------------------------------

/// Puts \p reply where \p task says; the reader owns the outermost one. Null refuses it.
void* place(const redisReadTask* task, RedisReply reply) {
  if (task->parent == nullptr) return new RedisReply(std::move(reply));
  auto& list = static_cast<RedisReply*>(task->parent->obj)->list;
  list.push_back(std::move(reply));
  return &list.back();
}

void* make_text(const redisReadTask* task, char* text, std::size_t size) {
  RedisReply reply;
  reply.kind = task->type == REDIS_REPLY_ERROR ? RedisReply::Kind::kError : RedisReply::Kind::kText;
  reply.text.assign(text, size);
  return place(task, std::move(reply));
}

void* make_list(const redisReadTask* task, int elements) {
  if (elements > kLongestList) return nullptr;
  RedisReply reply;
  reply.kind = RedisReply::Kind::kList;
  // Its length is not believed. When it grows, its elements are complete: the reader holds pointers
  // to the lists around the current element only.
  return place(task, std::move(reply));
}

void* make_number(const redisReadTask* task, long long number) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::kNumber;
  reply.number = number;
  return place(task, std::move(reply));
}

void* make_nil(const redisReadTask* task) { return place(task, RedisReply()); }

void free_reply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions reply_functions{make_text, make_list, make_number, make_nil, free_reply};

Error protocol_error(const redisReader& reader) {
  return {ErrorCode::kProtocol, fmt::format("not a Redis: {}", reader.errstr)};
}

/// Gives the whole replies in \p reader to \p owner.
Status take_replies(redisReader& reader, RedisConnection::Owner& owner) {
  for (;;) {
    void* made = nullptr;
    if (redisReaderGetReply(&reader, &made) != REDIS_OK) return protocol_error(reader);
    if (made == nullptr) break;
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(made));
    owner.replied(std::move(*reply));
  }
  if (reader.len - reader.pos > kLongestReply)
    return Error{ErrorCode::kProtocol, "a reply of more than 64 MiB"};
  return {};
}

}  // namespace

Status read_replies(std::string_view bytes, RedisConnection::Owner& owner) {
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(
      redisReaderCreateWithFunctions(&reply_functions), redisReaderFree);
  if (redisReaderFeed(reader.get(), bytes.data(), bytes.size()) != REDIS_OK)
    return protocol_error(*reader);
  return take_replies(*reader, owner);
}

// ---- the connection -----------------------------------------------------------------------------

struct RedisConnection::Context {
  explicit Context(redisContext* made) : redis(made) {}
  ~Context() { redisFree(redis); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  redisContext* const redis;
};

Result<std::unique_ptr<RedisConnection>> RedisConnection::open(const RedisUrl& url,
                                                               net::Poller& poller, Owner& owner) {
  redisContext* made = url.host.empty() ? redisConnectUnixNonBlock(url.path.c_str())
                                        : redisConnectNonBlock(url.host.c_str(), url.port);
  if (made == nullptr) return Error{ErrorCode::kExhausted, "no memory"};
  auto context = std::make_unique<Context>(made);
  if (made->err != 0) return Error{ErrorCode::kRefused, made->errstr};
  made->reader->fn = &reply_functions;
  ::fcntl(made->fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(std::move(context), poller, owner));
  M8_TRY(poller.add(made->fd, EPOLLIN | EPOLLOUT, connection.get()));
  return connection;
}

RedisConnection::RedisConnection(std::unique_ptr<Context> context, net::Poller& poller,
                                 Owner& owner)
    : context_(std::move(context)), poller_(poller), owner_(owner) {}

RedisConnection::~RedisConnection() { poller_.remove(context_->redis->fd); }

void RedisConnection::append(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const auto& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(context_->redis, static_cast<int>(words.size()), words.data(),
                         sizes.data());
  if (std::exchange(writing_, true)) return;
  (void)poller_.modify(context_->redis->fd, EPOLLIN | EPOLLOUT, this);
}

void RedisConnection::ready(std::uint32_t events) {
  Status status;
  if (events & EPOLLOUT) status = send();
  if (status.ok() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) status = receive();
  if (!status.ok()) owner_.lost(status.error());  // this may be gone now
}

Status RedisConnection::send() {
  int all_sent = 0;
  if (redisBufferWrite(context_->redis, &all_sent) != REDIS_OK) return failure();
  if (!all_sent) return {};
  writing_ = false;
  return poller_.modify(context_->redis->fd, EPOLLIN, this);
}

Status RedisConnection::receive() {
  if (redisBufferRead(context_->redis) != REDIS_OK) return failure();
  return take_replies(*context_->redis->reader, owner_);
}

Error RedisConnection::failure() const {
  const redisContext& redis = *context_->redis;
  const bool refused = redis.err == REDIS_ERR_IO && (errno == ECONNREFUSED || errno == ENOENT);
  return {refused ? ErrorCode::kRefused : ErrorCode::kNetwork,
          redis.err == REDIS_ERR_IO ? std::strerror(errno) : redis.errstr};
}

}  // namespace m8::cache
