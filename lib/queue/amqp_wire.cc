#include "queue/amqp_wire.h"

#include <array>

#include <amqp.h>
#include <amqp_framing.h>
#include <fmt/format.h>

#include "base/version.h"

namespace m8::queue::amqp {
namespace {

static_assert(static_cast<amqp_method_number_t>(MethodId::kBasicDeliver) ==
              AMQP_BASIC_DELIVER_METHOD);
static_assert(static_cast<amqp_method_number_t>(MethodId::kConfirmSelectOk) ==
              AMQP_CONFIRM_SELECT_OK_METHOD);

constexpr unsigned char kFrameEnd = 0xCE;
constexpr std::size_t kHeadBytes = 7;  // type, channel, size
constexpr std::size_t kPoolPage = 4096;
constexpr std::size_t kContentHeadBytes = 14;  // class, weight, body size, and flags
constexpr std::size_t kMethodBytes = 8192;     // of what we send but for declarations' arguments

std::uint32_t number32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

void put_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // NOLINT: the library does not write to it
}

std::string_view text_of(const amqp_bytes_t& bytes) {
  return bytes.len == 0 ? std::string_view()
                        : std::string_view(static_cast<const char*>(bytes.bytes), bytes.len);
}

void put_frame_head(std::string& out, FrameType type, std::uint16_t channel, std::size_t payload) {
  out += static_cast<char>(type);
  put_number(out, channel, 2);
  put_number(out, payload, 4);
}

/// Appends a method frame; \p fields is the library's struct for it.
void put_method(std::string& out, std::uint16_t channel, amqp_method_number_t id, void* fields) {
  std::array<char, kMethodBytes> buffer;
  const int size = amqp_encode_method(id, fields, {buffer.size(), buffer.data()});
  if (size < 0) return;  // only names above their bounds would not fit
  put_frame_head(out, FrameType::kMethod, channel, static_cast<std::size_t>(size) + 4);
  put_number(out, id, 4);
  out.append(buffer.data(), static_cast<std::size_t>(size));
  out += static_cast<char>(kFrameEnd);
}

amqp_field_value_t field_of(std::string_view text) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_UTF8;
  value.value.bytes = bytes_of(text);
  return value;
}

amqp_field_value_t field_of(bool flag) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_BOOLEAN;
  value.value.boolean = flag;
  return value;
}

amqp_field_value_t field_of(const amqp_table_t& table) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_TABLE;
  value.value.table = table;
  return value;
}

amqp_field_value_t field_of(const Argument& argument) {
  if (const auto* flag = std::get_if<bool>(&argument.value)) return field_of(*flag);
  if (const auto* text = std::get_if<std::string>(&argument.value))
    return field_of(std::string_view(*text));
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_I64;
  value.value.i64 = std::get<std::int64_t>(argument.value);
  return value;
}

amqp_table_t table_of(std::vector<amqp_table_entry_t>& entries) {
  return {static_cast<int>(entries.size()), entries.data()};
}

std::vector<amqp_table_entry_t> entries_of(const std::vector<Argument>& arguments) {
  std::vector<amqp_table_entry_t> entries;
  for (const Argument& argument : arguments)
    entries.push_back({bytes_of(argument.name), field_of(argument)});
  return entries;
}

// ---- what is received --------------------------------------------------------------------------

const amqp_field_value_t* find(const amqp_table_t& table, std::string_view name) {
  for (int i = 0; i < table.num_entries; ++i)
    if (text_of(table.entries[i].key) == name) return &table.entries[i].value;
  return nullptr;
}

std::string_view text_in(const amqp_table_t& table, std::string_view name) {
  const amqp_field_value_t* value = find(table, name);
  const bool is_text =
      value && (value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES);
  return is_text ? text_of(value->value.bytes) : std::string_view();
}

/// The text of a simple value; false for tables, lists and nothing.
bool to_text(const amqp_field_value_t& value, std::string& out) {
  switch (value.kind) {
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
      out = text_of(value.value.bytes);
      return true;
    case AMQP_FIELD_KIND_BOOLEAN:
      out = value.value.boolean ? "true" : "false";
      return true;
    case AMQP_FIELD_KIND_I8:
      out = fmt::format("{}", value.value.i8);
      return true;
    case AMQP_FIELD_KIND_U8:
      out = fmt::format("{}", value.value.u8);
      return true;
    case AMQP_FIELD_KIND_I16:
      out = fmt::format("{}", value.value.i16);
      return true;
    case AMQP_FIELD_KIND_U16:
      out = fmt::format("{}", value.value.u16);
      return true;
    case AMQP_FIELD_KIND_I32:
      out = fmt::format("{}", value.value.i32);
      return true;
    case AMQP_FIELD_KIND_U32:
      out = fmt::format("{}", value.value.u32);
      return true;
    case AMQP_FIELD_KIND_I64:
      out = fmt::format("{}", value.value.i64);
      return true;
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
      out = fmt::format("{}", value.value.u64);
      return true;
    default:
      return false;
  }
}

std::uint64_t number_in(const amqp_table_t& table, std::string_view name) {
  std::string text;
  const amqp_field_value_t* value = find(table, name);
  if (!value || !to_text(*value, text)) return 0;
  return std::strtoull(text.c_str(), nullptr, 10);
}

/// The most that a time point of this clock can hold; a stranger's number may be larger.
WallTime wall_of(std::uint64_t seconds) {
  constexpr std::uint64_t kMost = 9'000'000'000;
  return WallTime{} + std::chrono::seconds(std::min(seconds, kMost));
}

Death death_of(const amqp_table_t& table) {
  Death death;
  death.queue = text_in(table, "queue");
  death.reason = text_in(table, "reason");
  death.sent_to.exchange = text_in(table, "exchange");
  death.count = number_in(table, "count");
  death.at = wall_of(number_in(table, "time"));
  const amqp_field_value_t* keys = find(table, "routing-keys");
  if (keys && keys->kind == AMQP_FIELD_KIND_ARRAY && keys->value.array.num_entries > 0 &&
      keys->value.array.entries[0].kind == AMQP_FIELD_KIND_UTF8)
    death.sent_to.key = text_of(keys->value.array.entries[0].value.bytes);
  return death;
}

std::vector<Death> deaths_of(const amqp_field_value_t& list) {
  std::vector<Death> deaths;
  if (list.kind != AMQP_FIELD_KIND_ARRAY) return deaths;
  for (int i = 0; i < list.value.array.num_entries; ++i) {
    const amqp_field_value_t& entry = list.value.array.entries[i];
    if (entry.kind == AMQP_FIELD_KIND_TABLE) deaths.push_back(death_of(entry.value.table));
  }
  return deaths;
}

bool is_death_note(std::string_view name) {
  return name == "x-death" || name.substr(0, 14) == "x-first-death-";
}

void read_headers(const amqp_table_t& table, ContentHeader& out) {
  for (int i = 0; i < table.num_entries; ++i) {
    const std::string_view name = text_of(table.entries[i].key);
    const amqp_field_value_t& value = table.entries[i].value;
    if (name == "x-death") out.deaths = deaths_of(value);
    std::string text;
    if (!is_death_note(name) && to_text(value, text))
      out.message.headers.emplace_back(name, std::move(text));
  }
}

/// A message's own time to live, in decimal milliseconds; nonsense is none.
std::chrono::milliseconds ttl_of(std::string_view text) {
  if (text.empty() || text.size() > 12) return {};
  long long value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return std::chrono::milliseconds(value);
}

void read_properties(const amqp_basic_properties_t& from, ContentHeader& out) {
  const auto has = [&](amqp_flags_t flag) { return (from._flags & flag) != 0; };
  if (has(AMQP_BASIC_MESSAGE_ID_FLAG)) out.message.id = text_of(from.message_id);
  if (has(AMQP_BASIC_TYPE_FLAG)) out.message.type = text_of(from.type);
  if (has(AMQP_BASIC_EXPIRATION_FLAG)) out.message.ttl = ttl_of(text_of(from.expiration));
  if (has(AMQP_BASIC_TIMESTAMP_FLAG)) out.message.published = wall_of(from.timestamp);
  if (has(AMQP_BASIC_HEADERS_FLAG)) read_headers(from.headers, out);
}

std::string product_of(const amqp_table_t& properties) {
  const std::string_view product = text_in(properties, "product");
  return fmt::format("{} {}", product.empty() ? "AMQP" : product, text_in(properties, "version"));
}

template <class Close>
void read_close(const void* fields, Method& out) {
  const auto& close = *static_cast<const Close*>(fields);
  out.code = close.reply_code;
  out.text = text_of(close.reply_text);
}

template <class Deliver>
void read_delivery(const void* fields, Method& out) {
  const auto& deliver = *static_cast<const Deliver*>(fields);
  out.tag = deliver.delivery_tag;
  out.redelivered = deliver.redelivered;
  out.exchange = text_of(deliver.exchange);
  out.key = text_of(deliver.routing_key);
}

template <class Ack>
void read_ack(const void* fields, Method& out) {
  const auto& ack = *static_cast<const Ack*>(fields);
  out.tag = ack.delivery_tag;
  out.multiple = ack.multiple;
}

template <class Ok>
void read_count(const void* fields, Method& out) {
  out.messages = static_cast<const Ok*>(fields)->message_count;
}

void read_connection_fields(const void* fields, Method& out) {
  if (out.id == MethodId::kConnectionStart) {
    const auto& start = *static_cast<const amqp_connection_start_t*>(fields);
    out.text = text_of(start.mechanisms);
    out.product = product_of(start.server_properties);
  } else if (out.id == MethodId::kConnectionTune) {
    const auto& tune = *static_cast<const amqp_connection_tune_t*>(fields);
    out.channel_max = tune.channel_max;
    out.frame_max = tune.frame_max;
    out.heartbeat = tune.heartbeat;
  } else {
    out.text = text_of(static_cast<const amqp_connection_blocked_t*>(fields)->reason);
  }
}

void read_return(const void* fields, Method& out) {
  const auto& returned = *static_cast<const amqp_basic_return_t*>(fields);
  out.code = returned.reply_code;
  out.text = text_of(returned.reply_text);
  out.exchange = text_of(returned.exchange);
  out.key = text_of(returned.routing_key);
}

void read_fields(const void* fields, Method& out) {
  switch (out.id) {
    case MethodId::kConnectionStart:
    case MethodId::kConnectionTune:
    case MethodId::kConnectionBlocked:
      return read_connection_fields(fields, out);
    case MethodId::kConnectionClose:
      return read_close<amqp_connection_close_t>(fields, out);
    case MethodId::kChannelClose:
      return read_close<amqp_channel_close_t>(fields, out);
    case MethodId::kQueueDeclareOk:
      out.consumers = static_cast<const amqp_queue_declare_ok_t*>(fields)->consumer_count;
      return read_count<amqp_queue_declare_ok_t>(fields, out);
    case MethodId::kQueuePurgeOk:
      return read_count<amqp_queue_purge_ok_t>(fields, out);
    case MethodId::kQueueDeleteOk:
      return read_count<amqp_queue_delete_ok_t>(fields, out);
    case MethodId::kBasicCancel:
      out.consumer = text_of(static_cast<const amqp_basic_cancel_t*>(fields)->consumer_tag);
      return;
    case MethodId::kBasicReturn:
      return read_return(fields, out);
    case MethodId::kBasicDeliver:
      out.consumer = text_of(static_cast<const amqp_basic_deliver_t*>(fields)->consumer_tag);
      return read_delivery<amqp_basic_deliver_t>(fields, out);
    case MethodId::kBasicGetOk:
      read_count<amqp_basic_get_ok_t>(fields, out);
      return read_delivery<amqp_basic_get_ok_t>(fields, out);
    case MethodId::kBasicAck:
      return read_ack<amqp_basic_ack_t>(fields, out);
    case MethodId::kBasicNack:
      return read_ack<amqp_basic_nack_t>(fields, out);
    default:
      return;
  }
}

// ---- what is sent ------------------------------------------------------------------------------

/// The properties of \p message as the library wants them; borrows its texts and \p entries.
amqp_basic_properties_t properties_of(const Message& message, bool persistent,
                                      const std::string& expiration,
                                      std::vector<amqp_table_entry_t>& entries) {
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
  properties.delivery_mode = persistent ? 2 : 1;
  properties.message_id = bytes_of(message.id);
  const auto since = std::chrono::floor<std::chrono::seconds>(message.published.time_since_epoch());
  properties.timestamp = static_cast<std::uint64_t>(std::max<long long>(since.count(), 0));
  if (!message.type.empty()) {
    properties._flags |= AMQP_BASIC_TYPE_FLAG;
    properties.type = bytes_of(message.type);
  }
  if (!expiration.empty()) {
    properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
    properties.expiration = bytes_of(expiration);
  }
  for (const auto& [name, value] : message.headers)
    entries.push_back({bytes_of(name), field_of(std::string_view(value))});
  if (!entries.empty()) {
    properties._flags |= AMQP_BASIC_HEADERS_FLAG;
    properties.headers = table_of(entries);
  }
  return properties;
}

/// Encoded into \p buffer; how many bytes, negative if they do not fit.
int encode_properties(const Message& message, bool persistent, std::string& buffer) {
  std::vector<amqp_table_entry_t> entries;
  const std::string expiration =
      message.ttl.count() > 0 ? fmt::format("{}", message.ttl.count()) : std::string();
  auto properties = properties_of(message, persistent, expiration, entries);
  return amqp_encode_properties(AMQP_BASIC_CLASS, &properties, {buffer.size(), buffer.data()});
}

}  // namespace

Result<std::optional<Frame>> next_frame(std::string_view bytes, std::uint32_t frame_max) {
  if (bytes.size() < kHeadBytes) return std::optional<Frame>();
  if (bytes.substr(0, 4) == "AMQP")
    return Error{ErrorCode::kProtocol, "the server speaks another version of AMQP"};
  const auto type = static_cast<FrameType>(bytes[0]);
  if (type != FrameType::kMethod && type != FrameType::kHeader && type != FrameType::kBody &&
      type != FrameType::kHeartbeat)
    return Error{ErrorCode::kProtocol, "the server does not speak AMQP"};
  const std::size_t payload = number32(bytes.data() + 3);
  if (payload + kFrameOverhead > frame_max)
    return Error{ErrorCode::kProtocol, fmt::format("a frame of {} bytes", payload)};
  if (bytes.size() < payload + kFrameOverhead) return std::optional<Frame>();
  if (static_cast<unsigned char>(bytes[kHeadBytes + payload]) != kFrameEnd)
    return Error{ErrorCode::kProtocol, "a frame without its end"};
  const auto channel = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[1]) << 8 |
                                                  static_cast<unsigned char>(bytes[2]));
  return std::optional<Frame>(
      Frame{type, channel, bytes.substr(kHeadBytes, payload), payload + kFrameOverhead});
}

struct Decoder::Pool {
  Pool() { init_amqp_pool(&pool, kPoolPage); }
  ~Pool() { empty_amqp_pool(&pool); }
  amqp_pool_t pool;
};

Decoder::Decoder() : pool_(std::make_unique<Pool>()) {}
Decoder::~Decoder() = default;

Result<Method> Decoder::method(std::string_view payload) {
  if (payload.size() < 4) return Error{ErrorCode::kProtocol, "a method without its number"};
  recycle_amqp_pool(&pool_->pool);
  Method out;
  const std::uint32_t id = number32(payload.data());
  out.id = static_cast<MethodId>(id);
  void* fields = nullptr;
  const int status = amqp_decode_method(id, &pool_->pool, bytes_of(payload.substr(4)), &fields);
  if (status == AMQP_STATUS_UNKNOWN_METHOD) return out;
  if (status != AMQP_STATUS_OK)
    return Error{ErrorCode::kProtocol, fmt::format("method {:#x} is malformed", id)};
  read_fields(fields, out);
  return out;
}

Result<ContentHeader> Decoder::header(std::string_view payload) {
  if (payload.size() < kContentHeadBytes)
    return Error{ErrorCode::kProtocol, "a content header that is cut off"};
  recycle_amqp_pool(&pool_->pool);
  ContentHeader out;
  out.body_size =
      static_cast<std::uint64_t>(number32(payload.data() + 4)) << 32 | number32(payload.data() + 8);
  const std::uint16_t class_id = static_cast<std::uint16_t>(number32(payload.data()) >> 16);
  if (class_id != AMQP_BASIC_CLASS)
    return Error{ErrorCode::kProtocol, "a content header of an unknown class"};
  void* properties = nullptr;
  const int status =
      amqp_decode_properties(class_id, &pool_->pool, bytes_of(payload.substr(12)), &properties);
  if (status != AMQP_STATUS_OK)
    return Error{ErrorCode::kProtocol, "the properties of a message are malformed"};
  read_properties(*static_cast<const amqp_basic_properties_t*>(properties), out);
  return out;
}

void put_protocol_header(std::string& out) { out.append("AMQP\0\0\x09\x01", 8); }

void put_heartbeat(std::string& out) {
  put_frame_head(out, FrameType::kHeartbeat, 0, 0);
  out += static_cast<char>(kFrameEnd);
}

void put_start_ok(std::string& out, const std::string& user, const std::string& password,
                  const std::string& connection_name) {
  std::vector<amqp_table_entry_t> capabilities;
  for (const char* name : {"connection.blocked", "consumer_cancel_notify", "basic.nack",
                           "publisher_confirms", "authentication_failure_close"})
    capabilities.push_back({bytes_of(name), field_of(true)});
  std::vector<amqp_table_entry_t> properties = {
      {bytes_of("product"), field_of(std::string_view("m8"))},
      {bytes_of("version"), field_of(std::string_view(version()))},
      {bytes_of("connection_name"), field_of(std::string_view(connection_name))},
      {bytes_of("capabilities"), field_of(table_of(capabilities))},
  };
  const std::string response = std::string(1, '\0') + user + std::string(1, '\0') + password;
  amqp_connection_start_ok_t fields{table_of(properties), bytes_of("PLAIN"), bytes_of(response),
                                    bytes_of("en_US")};
  put_method(out, 0, AMQP_CONNECTION_START_OK_METHOD, &fields);
}

void put_tune_ok(std::string& out, const Method& tune) {
  amqp_connection_tune_ok_t fields{tune.channel_max, tune.frame_max, tune.heartbeat};
  put_method(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD, &fields);
}

void put_connection_open(std::string& out, const std::string& vhost) {
  amqp_connection_open_t fields{bytes_of(vhost), {}, 0};
  put_method(out, 0, AMQP_CONNECTION_OPEN_METHOD, &fields);
}

void put_connection_close(std::string& out) {
  amqp_connection_close_t fields{200, bytes_of("done"), 0, 0};
  put_method(out, 0, AMQP_CONNECTION_CLOSE_METHOD, &fields);
}

void put_connection_close_ok(std::string& out) {
  amqp_connection_close_ok_t fields{};
  put_method(out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &fields);
}

void put_channel_open(std::string& out, std::uint16_t channel) {
  amqp_channel_open_t fields{};
  put_method(out, channel, AMQP_CHANNEL_OPEN_METHOD, &fields);
}

void put_channel_close(std::string& out, std::uint16_t channel) {
  amqp_channel_close_t fields{200, bytes_of("done"), 0, 0};
  put_method(out, channel, AMQP_CHANNEL_CLOSE_METHOD, &fields);
}

void put_channel_close_ok(std::string& out, std::uint16_t channel) {
  amqp_channel_close_ok_t fields{};
  put_method(out, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &fields);
}

void put_confirm_select(std::string& out, std::uint16_t channel) {
  amqp_confirm_select_t fields{};
  put_method(out, channel, AMQP_CONFIRM_SELECT_METHOD, &fields);
}

void put_declare(std::string& out, std::uint16_t channel, const ExchangeSpec& exchange,
                 const std::vector<Argument>& arguments, bool passive) {
  auto entries = entries_of(arguments);
  amqp_exchange_declare_t fields{};
  fields.exchange = bytes_of(exchange.name);
  fields.type = bytes_of(exchange.type);
  fields.passive = passive;
  fields.durable = exchange.durable;
  fields.arguments = table_of(entries);
  put_method(out, channel, AMQP_EXCHANGE_DECLARE_METHOD, &fields);
}

void put_declare(std::string& out, std::uint16_t channel, const QueueSpec& queue,
                 const std::vector<Argument>& arguments, bool passive) {
  auto entries = entries_of(arguments);
  amqp_queue_declare_t fields{};
  fields.queue = bytes_of(queue.name);
  fields.passive = passive;
  fields.durable = queue.durable;
  fields.auto_delete = queue.auto_delete;
  fields.arguments = table_of(entries);
  put_method(out, channel, AMQP_QUEUE_DECLARE_METHOD, &fields);
}

void put_bind(std::string& out, std::uint16_t channel, const Binding& binding) {
  amqp_queue_bind_t fields{};
  fields.queue = bytes_of(binding.queue);
  fields.exchange = bytes_of(binding.exchange);
  fields.routing_key = bytes_of(binding.key);
  put_method(out, channel, AMQP_QUEUE_BIND_METHOD, &fields);
}

void put_purge(std::string& out, std::uint16_t channel, const std::string& queue) {
  amqp_queue_purge_t fields{};
  fields.queue = bytes_of(queue);
  put_method(out, channel, AMQP_QUEUE_PURGE_METHOD, &fields);
}

void put_delete(std::string& out, std::uint16_t channel, const std::string& queue) {
  amqp_queue_delete_t fields{};
  fields.queue = bytes_of(queue);
  put_method(out, channel, AMQP_QUEUE_DELETE_METHOD, &fields);
}

void put_qos(std::string& out, std::uint16_t channel, std::uint16_t prefetch) {
  amqp_basic_qos_t fields{};  // no bound of bytes, for each consumer by itself
  fields.prefetch_count = prefetch;
  put_method(out, channel, AMQP_BASIC_QOS_METHOD, &fields);
}

void put_consume(std::string& out, std::uint16_t channel, const std::string& queue,
                 const std::string& consumer) {
  amqp_basic_consume_t fields{};
  fields.queue = bytes_of(queue);
  fields.consumer_tag = bytes_of(consumer);
  put_method(out, channel, AMQP_BASIC_CONSUME_METHOD, &fields);
}

void put_cancel(std::string& out, std::uint16_t channel, const std::string& consumer) {
  amqp_basic_cancel_t fields{};
  fields.consumer_tag = bytes_of(consumer);
  put_method(out, channel, AMQP_BASIC_CANCEL_METHOD, &fields);
}

void put_get(std::string& out, std::uint16_t channel, const std::string& queue) {
  amqp_basic_get_t fields{};
  fields.queue = bytes_of(queue);
  put_method(out, channel, AMQP_BASIC_GET_METHOD, &fields);
}

void put_ack(std::string& out, std::uint16_t channel, std::uint64_t tag, bool multiple) {
  amqp_basic_ack_t fields{tag, multiple};
  put_method(out, channel, AMQP_BASIC_ACK_METHOD, &fields);
}

void put_nack(std::string& out, std::uint16_t channel, std::uint64_t tag, bool requeue) {
  amqp_basic_nack_t fields{tag, 0, requeue};
  put_method(out, channel, AMQP_BASIC_NACK_METHOD, &fields);
}

Status put_publish(std::string& out, std::uint16_t channel, const Address& to,
                   const Message& message, const Sending& how) {
  thread_local std::string properties(kFrameMax, '\0');
  const int size = encode_properties(message, how.persistent, properties);
  const auto content = static_cast<std::size_t>(std::max(size, 0)) + 12;
  if (size < 0 || content + kFrameOverhead > how.frame_max)
    return Error{ErrorCode::kInvalidArgument,
                 "message headers: more than the broker takes in one frame"};
  amqp_basic_publish_t fields{};
  fields.exchange = bytes_of(to.exchange);
  fields.routing_key = bytes_of(to.key);
  fields.mandatory = 1;
  put_method(out, channel, AMQP_BASIC_PUBLISH_METHOD, &fields);
  put_frame_head(out, FrameType::kHeader, channel, content);
  put_number(out, AMQP_BASIC_CLASS, 2);
  put_number(out, 0, 2);
  put_number(out, message.body.size(), 8);
  out.append(properties.data(), static_cast<std::size_t>(size));
  out += static_cast<char>(kFrameEnd);
  const std::size_t step = how.frame_max - kFrameOverhead;
  for (std::size_t at = 0; at < message.body.size(); at += step) {
    const std::string_view part = std::string_view(message.body).substr(at, step);
    put_frame_head(out, FrameType::kBody, channel, part.size());
    out += part;
    out += static_cast<char>(kFrameEnd);
  }
  return {};
}

}  // namespace m8::queue::amqp
