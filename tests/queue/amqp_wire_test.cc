// Frames, methods and properties, and what replies mean.
#include "queue/amqp_wire.h"

#include <doctest/doctest.h>

#include "queue/amqp_url.h"
#include "queue/amqp_words.h"
#include "queue/unsettled.h"

using namespace m8;
using namespace m8::queue;
using namespace m8::queue::amqp;

namespace {

/// The frames of \p bytes; the test fails if something is left over.
std::vector<Frame> frames_of(std::string_view bytes, std::uint32_t frame_max = kFrameMax) {
  std::vector<Frame> out;
  while (!bytes.empty()) {
    const auto frame = next_frame(bytes, frame_max);
    REQUIRE(frame.ok());
    REQUIRE(frame->has_value());
    out.push_back(**frame);
    bytes.remove_prefix((*frame)->size);
  }
  return out;
}

Message sample(std::size_t body) {
  Message message;
  message.id = "id";
  message.type = "job";
  message.body = std::string(body, 'x');
  message.headers = {{"run", "7"}, {"empty", ""}};
  message.ttl = std::chrono::milliseconds(1500);
  message.published = WallTime{} + std::chrono::seconds(1'700'000'000);
  return message;
}

}  // namespace

TEST_CASE("queue/amqp_wire: a message is a method, a header and as many bodies as it takes") {
  for (const auto& [body, bodies] : {std::pair<std::size_t, std::size_t>{0, 0},
                                     {1, 1},
                                     {4096 - 8, 1},
                                     {4096 - 7, 2},
                                     {20'000, 5}}) {
    const auto size = body;
    CAPTURE(size);
    std::string out;
    REQUIRE(put_publish(out, 3, {"ex", "key"}, sample(body), {true, 4096}).ok());
    const auto frames = frames_of(out, 4096);
    REQUIRE(frames.size() == 2 + bodies);
    CHECK(frames[0].type == FrameType::kMethod);
    CHECK(frames[1].type == FrameType::kHeader);
    std::string joined;
    for (std::size_t i = 2; i < frames.size(); ++i) {
      CHECK(frames[i].type == FrameType::kBody);
      CHECK(frames[i].channel == 3);
      CHECK(frames[i].size <= 4096);
      joined += frames[i].payload;
    }
    CHECK(joined == std::string(body, 'x'));
    Decoder decoder;
    const auto header = decoder.header(frames[1].payload);
    REQUIRE(header.ok());
    CHECK(header->body_size == body);
    CHECK(header->message.id == "id");
    CHECK(header->message.type == "job");
    CHECK(header->message.headers == sample(0).headers);
    CHECK(header->message.ttl == std::chrono::milliseconds(1500));
    CHECK(header->message.published == sample(0).published);
  }
}

TEST_CASE("queue/amqp_wire: headers that no frame has room for are refused") {
  Message message = sample(1);
  message.headers = {{"large", std::string(5000, 'x')}};
  std::string out = "before";
  const Status status = put_publish(out, 1, {"", "q"}, message, {true, 4096});
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidArgument);
  CHECK(out == "before");
  CHECK(put_publish(out, 1, {"", "q"}, message, {}).ok());
}

TEST_CASE("queue/amqp_wire: half a frame is none yet, and a broken one is an error") {
  std::string out;
  put_ack(out, 1, 77, true);
  for (std::size_t size = 0; size < out.size(); ++size) {
    const auto frame = next_frame(std::string_view(out).substr(0, size), kFrameMax);
    REQUIRE(frame.ok());
    CHECK_FALSE(frame->has_value());
  }
  std::string wrong_end = out, wrong_type = out, too_large = out;
  wrong_end.back() = 'x';
  wrong_type[0] = 'H';
  too_large[3] = 1;
  for (const std::string& bytes :
       {wrong_end, wrong_type, too_large, std::string("AMQP\0\0\x09\x01", 8)}) {
    const auto frame = next_frame(bytes, kFrameMax);
    REQUIRE_FALSE(frame.ok());
    CHECK(frame.error().code == ErrorCode::kProtocol);
  }
}

TEST_CASE("queue/amqp_wire: methods are read field by field") {
  std::string out;
  put_ack(out, 1, 77, true);
  Decoder decoder;
  auto method = decoder.method(frames_of(out)[0].payload);
  REQUIRE(method.ok());
  CHECK(method->id == MethodId::kBasicAck);
  CHECK(method->tag == 77);
  CHECK(method->multiple);
  out.clear();
  put_nack(out, 1, 5, true);
  method = decoder.method(frames_of(out)[0].payload);
  REQUIRE(method.ok());
  CHECK(method->id == MethodId::kBasicNack);
  CHECK_FALSE(method->multiple);
  out.clear();
  put_channel_close(out, 9);
  CHECK(frames_of(out)[0].channel == 9);
  method = decoder.method(frames_of(out)[0].payload);
  REQUIRE(method.ok());
  CHECK(method->id == MethodId::kChannelClose);
  CHECK(method->code == 200);
  CHECK(method->text == "done");
  CHECK_FALSE(decoder.method("abc").ok());
  // A close that is cut off within its text.
  const std::string cut(frames_of(out)[0].payload.substr(0, 8));
  CHECK(decoder.method(cut).error().code == ErrorCode::kProtocol);
  // Unknown methods are passed by.
  CHECK(decoder.method(std::string("\0\x77\0\x77", 4)).ok());
}

TEST_CASE("queue/amqp_words: replies in words") {
  const struct {
    std::uint16_t code;
    const char *text, *message;
    ErrorCode error;
  } cases[] = {
      {404, "NOT_FOUND - no queue 'jobs' in vhost '/'", "queue 'jobs' does not exist",
       ErrorCode::kNotFound},
      {404, "NOT_FOUND - no exchange 'x' in vhost '/'", "exchange 'x' does not exist",
       ErrorCode::kNotFound},
      {403,
       "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see "
       "the broker logfile.",
       "login refused: wrong user or password", ErrorCode::kDenied},
      {530, "NOT_ALLOWED - vhost none not found", "vhost 'none' does not exist",
       ErrorCode::kNotFound},
      {530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'",
       "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", ErrorCode::kDenied},
      {320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
       "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown' (reply code "
       "320)",
       ErrorCode::kNetwork},
      {404, "strange", "strange", ErrorCode::kNotFound},
  };
  for (const auto& row : cases) {
    CAPTURE(row.text);
    const Error error = reply_error(row.code, row.text);
    CHECK(error.message == row.message);
    CHECK(error.code == row.error);
  }
}

TEST_CASE("queue/amqp_words: a declaration that differs") {
  const struct {
    const char *text, *words;
  } cases[] = {
      {"PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received "
       "the value '10000' of type 'long' but current is the value '2' of type 'long'",
       "queue 'q': x-max-length is 2, 10000 was asked for"},
      {"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': "
       "received "
       "the value '5' of type 'long' but current is none",
       "queue 'q': x-message-ttl is none, 5 was asked for"},
      {"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': "
       "received "
       "none but current is the value '5' of type 'long'",
       "queue 'q': x-message-ttl is 5, none was asked for"},
      {"PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received "
       "'true' but current is 'false'",
       "queue 'q': durable is false, true was asked for"},
      {"PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e' in vhost '/': received "
       "'direct' but current is 'fanout'",
       "exchange 'e': type is fanout, direct was asked for"},
  };
  for (const auto& [text, words] : cases) {
    const auto& said = text;
    CAPTURE(said);
    const auto difference = difference_in(text);
    REQUIRE(difference.has_value());
    CHECK(difference->to_string() == words);
  }
  CHECK_FALSE(difference_in("PRECONDITION_FAILED - unknown delivery tag 7").has_value());
  CHECK_FALSE(difference_in("inequivalent arg 'x").has_value());
}

TEST_CASE("queue/amqp_url: what is left out, encoded and wrong") {
  const struct {
    const char *text, *shown, *user, *password, *vhost;
  } good[] = {
      {"amqp://", "amqp://localhost:5672/", "guest", "guest", "/"},
      {"amqp://h", "amqp://h:5672/", "guest", "guest", "/"},
      {"amqps://h/", "amqps://h:5671/", "guest", "guest", "/"},
      {"amqp://u:p@h:1/v", "amqp://h:1/v", "u", "p", "v"},
      {"amqp://u@h", "amqp://h:5672/", "u", "", "/"},
      {"amqp://a%40b:c%2fd@h/%2f", "amqp://h:5672/", "a@b", "c/d", "/"},
      {"amqp://u:p@ss@h", "amqp://h:5672/", "u", "p@ss", "/"},
      {"amqp://u:p@[::1]:7/v%2fw", "amqp://[::1]:7/v/w", "u", "p", "v/w"},
      {"amqp://:77", "amqp://localhost:77/", "guest", "guest", "/"},
  };
  for (const auto& row : good) {
    CAPTURE(row.text);
    const auto url = AmqpUrl::parse(row.text);
    REQUIRE_MESSAGE(url.ok(), (url.ok() ? "" : url.error().message));
    CHECK(url->shown() == row.shown);
    CHECK(url->user == row.user);
    CHECK(url->password == row.password);
    CHECK(url->vhost == row.vhost);
  }
  for (const char* text : {"http://h", "amqp:h", "amqp://secret:secret@h:99999",
                           "amqp://secret:secret@h/a/b", "amqp://secret@h?x=secret"}) {
    CAPTURE(text);
    const auto url = AmqpUrl::parse(text);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().code == ErrorCode::kInvalidArgument);
    CHECK(url.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("queue/unsettled: few frames settle many deliveries") {
  Unsettled open;
  for (std::uint64_t tag = 1; tag <= 10; ++tag) open.delivered(tag);
  std::size_t known = 0;
  const auto ack = [&](std::vector<std::uint64_t> tags) { return open.acked(tags, known); };
  auto acks = ack({2, 1, 3});
  CHECK(acks.up_to == 3);
  CHECK(acks.single.empty());
  CHECK(known == 3);
  acks = ack({5, 7});
  CHECK_FALSE(acks.up_to.has_value());
  CHECK(acks.single == std::vector<std::uint64_t>{5, 7});
  // 5 was sent: all up to it by 4, all up to 6 by 6.
  acks = ack({4, 6});
  CHECK(acks.up_to == 6);
  CHECK(acks.single.empty());
  CHECK(open.size() == 3);
  CHECK(open.rejected(8));
  CHECK_FALSE(open.rejected(8));
  acks = ack({9, 8, 99, 1});
  CHECK(acks.up_to == 9);
  CHECK(known == 1);
  acks = ack({10});
  CHECK(acks.up_to == 10);
  CHECK(open.size() == 0);
}
