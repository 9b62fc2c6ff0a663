/// AMQP 0-9-1 on the wire: frames, the methods that we use, and the properties of messages; encoded
/// and decoded by librabbitmq. Source: the AMQP 0-9-1 specification, 2.3 and 4.2, and RabbitMQ's
/// extensions (confirms, nack, blocked, x-death).
///
/// The library's own connection waits for the network in every call and writes a frame at a time;
/// so only its codec is used, and bytes go through net/.
///
/// Threads: plain functions and values; a Decoder belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/message.h"
#include "queue/topology.h"

namespace m8::queue::amqp {

/// (class << 16) | method.
enum class MethodId : std::uint32_t {
  kNone = 0,
  kConnectionStart = 0x000A000A,
  kConnectionTune = 0x000A001E,
  kConnectionOpenOk = 0x000A0029,
  kConnectionClose = 0x000A0032,
  kConnectionCloseOk = 0x000A0033,
  kConnectionBlocked = 0x000A003C,
  kConnectionUnblocked = 0x000A003D,
  kChannelOpenOk = 0x0014000B,
  kChannelClose = 0x00140028,
  kChannelCloseOk = 0x00140029,
  kExchangeDeclareOk = 0x0028000B,
  kQueueDeclareOk = 0x0032000B,
  kQueueBindOk = 0x00320015,
  kQueuePurgeOk = 0x0032001F,
  kQueueDeleteOk = 0x00320029,
  kBasicQosOk = 0x003C000B,
  kBasicConsumeOk = 0x003C0015,
  kBasicCancel = 0x003C001E,
  kBasicCancelOk = 0x003C001F,
  kBasicReturn = 0x003C0032,
  kBasicDeliver = 0x003C003C,
  kBasicGetOk = 0x003C0047,
  kBasicGetEmpty = 0x003C0048,
  kBasicAck = 0x003C0050,
  kBasicNack = 0x003C0078,
  kConfirmSelectOk = 0x0055000B,
};

inline constexpr std::uint32_t kFrameMax = 131'072;  ///< bytes that we offer; RabbitMQ's default
inline constexpr std::uint32_t kLeastFrameMax = 4'096;
inline constexpr std::size_t kFrameOverhead = 8;

enum class FrameType : std::uint8_t { kMethod = 1, kHeader = 2, kBody = 3, kHeartbeat = 8 };

/// One frame; the payload lies in the buffer that it was found in.
struct Frame {
  FrameType type = FrameType::kHeartbeat;
  std::uint16_t channel = 0;
  std::string_view payload;
  std::size_t size = 0;  ///< of the whole frame
};

/// The first frame of \p bytes; empty if it is not complete. kProtocol: no frame, or larger than
/// \p frame_max; "the server speaks another protocol" if it answered with a protocol header.
Result<std::optional<Frame>> next_frame(std::string_view bytes, std::uint32_t frame_max);

/// A method that was received: the fields of all that we read, in one. Texts are borrowed from the
/// decoder until its next call.
struct Method {
  MethodId id = MethodId::kNone;
  std::uint64_t tag = 0;                         ///< delivery tag
  bool multiple = false;                         ///< ack, nack: all up to it
  bool redelivered = false;                      ///< deliver, get-ok
  std::uint16_t code = 0;                        ///< close, return: reply code
  std::string_view text;                         ///< close, return, blocked: why; start: mechanisms
  std::string_view exchange, key;                ///< deliver, get-ok, return
  std::string_view consumer;                     ///< deliver, cancel
  std::uint32_t messages = 0;                    ///< declare-ok, purge-ok, delete-ok, get-ok
  std::uint32_t consumers = 0;                   ///< declare-ok
  std::uint16_t channel_max = 0, heartbeat = 0;  ///< tune; heartbeat in seconds
  std::uint32_t frame_max = 0;                   ///< tune
  std::string product;                           ///< start: "RabbitMQ 3.10.8"

  bool has_content() const {
    return id == MethodId::kBasicDeliver || id == MethodId::kBasicGetOk ||
           id == MethodId::kBasicReturn;
  }
};

/// The content header that follows a method with content.
struct ContentHeader {
  std::uint64_t body_size = 0;
  Message message;  ///< all but the body
  std::vector<Death> deaths;
};

/// Decodes payloads. kProtocol for what is malformed; unknown methods have their number as id.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Result<Method> method(std::string_view payload);
  /// Headers of other types than text are made text; tables and lists but x-death are left out.
  Result<ContentHeader> header(std::string_view payload);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// Encoders: each appends what is said in its name to \p out.
void put_protocol_header(std::string& out);
void put_heartbeat(std::string& out);
/// Login with PLAIN, with the capabilities blocked, consumer_cancel_notify and
/// authentication_failure_close.
void put_start_ok(std::string& out, const std::string& user, const std::string& password,
                  const std::string& connection_name);
void put_tune_ok(std::string& out, const Method& tune);
void put_connection_open(std::string& out, const std::string& vhost);
void put_connection_close(std::string& out);
void put_connection_close_ok(std::string& out);
void put_channel_open(std::string& out, std::uint16_t channel);
void put_channel_close(std::string& out, std::uint16_t channel);
void put_channel_close_ok(std::string& out, std::uint16_t channel);
void put_confirm_select(std::string& out, std::uint16_t channel);
/// \p passive: only asks whether it is there.
void put_declare(std::string& out, std::uint16_t channel, const ExchangeSpec& exchange,
                 const std::vector<Argument>& arguments, bool passive);
void put_declare(std::string& out, std::uint16_t channel, const QueueSpec& queue,
                 const std::vector<Argument>& arguments, bool passive);
void put_bind(std::string& out, std::uint16_t channel, const Binding& binding);
void put_purge(std::string& out, std::uint16_t channel, const std::string& queue);
void put_delete(std::string& out, std::uint16_t channel, const std::string& queue);
void put_qos(std::string& out, std::uint16_t channel, std::uint16_t prefetch);
void put_consume(std::string& out, std::uint16_t channel, const std::string& queue,
                 const std::string& consumer);
void put_cancel(std::string& out, std::uint16_t channel, const std::string& consumer);
void put_get(std::string& out, std::uint16_t channel, const std::string& queue);
void put_ack(std::string& out, std::uint16_t channel, std::uint64_t tag, bool multiple);
void put_nack(std::string& out, std::uint16_t channel, std::uint64_t tag, bool requeue);
/// How messages are sent.
struct Sending {
  bool persistent = true;
  std::uint32_t frame_max = kFrameMax;
};

/// Publishes with `mandatory`, in as many frames as it takes.
/// kInvalidArgument if the properties do not fit into one; nothing was appended then.
Status put_publish(std::string& out, std::uint16_t channel, const Address& to,
                   const Message& message, const Sending& how);

}  // namespace m8::queue::amqp
