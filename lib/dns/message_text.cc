#include "dns/message_text.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::dns {
namespace {

std::string dotted(const std::string& name) { return name == "." ? name : name + "."; }

/// Data with the dots at the ends of names that presentation form has.
struct PresentationOf {
  std::string operator()(const NameData& data) const { return dotted(data.name); }
  std::string operator()(const Mx& mx) const {
    return fmt::format("{} {}", mx.preference, dotted(mx.exchange));
  }
  std::string operator()(const Soa& soa) const {
    Soa copy = soa;
    copy.ns = dotted(soa.ns);
    copy.mailbox = dotted(soa.mailbox);
    return to_text(Rdata(copy));
  }
  std::string operator()(const Srv& srv) const {
    return fmt::format("{} {} {} {}", srv.priority, srv.weight, srv.port, dotted(srv.target));
  }
  template <typename Other>
  std::string operator()(const Other& data) const {
    return to_text(Rdata(data));
  }
};

std::string class_text(std::uint16_t rr_class) {
  return rr_class == kClassIn ? "IN" : fmt::format("CLASS{}", rr_class);
}

std::string opcode_text(std::uint8_t opcode) {
  constexpr const char* kOpcodes[] = {"QUERY", "IQUERY", "STATUS", "", "NOTIFY", "UPDATE"};
  return opcode < std::size(kOpcodes) ? kOpcodes[opcode] : "";
}

std::string header_text(const Message& message) {
  std::string out =
      fmt::format(";; opcode: {}, status: {}, id: {}\n;; flags:", opcode_text(message.opcode),
                  to_string(message.rcode), message.id);
  const std::pair<bool, const char*> flags[] = {{message.response, " qr"},
                                                {message.authoritative, " aa"},
                                                {message.truncated, " tc"},
                                                {message.recursion_desired, " rd"},
                                                {message.recursion_available, " ra"},
                                                {message.authentic_data, " ad"},
                                                {message.checking_disabled, " cd"}};
  for (const auto& [set, word] : flags) out += set ? word : "";
  return out +=
         fmt::format("; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n",
                     message.questions.size(), message.answers.size(), message.authorities.size(),
                     message.additionals.size() + (message.edns ? 1 : 0));
}

std::string opt_text(const Edns& edns) {
  std::string out = fmt::format("\n;; OPT PSEUDOSECTION:\n; EDNS: version {}; flags:{}; udp: {}",
                                edns.version, edns.dnssec_ok ? " do" : "", edns.udp_payload);
  // RFC 6891 6.1.2: code, length, data.
  std::string_view rest = edns.options;
  const auto number = [&rest](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(rest[at]) << 8 |
                                    static_cast<unsigned char>(rest[at + 1]));
  };
  while (rest.size() >= 4 && number(2) <= rest.size() - 4) {
    const std::size_t size = number(2);
    out += fmt::format("\n; LOCAL OPT: {}:0x{}", number(0), hex_encode(rest.substr(4, size)));
    rest.remove_prefix(4 + size);
  }
  return out += '\n';
}

std::string section_text(const char* title, const std::vector<Record>& records) {
  if (records.empty()) return {};
  std::string out = fmt::format("\n;; {} SECTION:\n", title);
  for (const Record& record : records) {
    const bool raw = std::holds_alternative<RawData>(record.data);
    out += fmt::format(
        "{}\t{}\t{}\t{}\t{}\n", dotted(record.name), record.ttl,
        raw ? fmt::format("CLASS{}", record.rr_class) : class_text(record.rr_class),
        raw ? fmt::format("TYPE{}", static_cast<unsigned>(record.type)) : to_string(record.type),
        std::visit(PresentationOf{}, record.data));
  }
  return out;
}

}  // namespace

std::string to_text(const Message& message) {
  std::string out = header_text(message);
  if (message.edns) out += opt_text(*message.edns);
  if (!message.questions.empty()) out += "\n;; QUESTION SECTION:\n";
  for (const Question& question : message.questions) {
    out += fmt::format(";{}\t{}\t {}\n", dotted(question.name), class_text(question.rr_class),
                       to_string(question.type));
  }
  out += section_text("ANSWER", message.answers);
  out += section_text("AUTHORITY", message.authorities);
  return out += section_text("ADDITIONAL", message.additionals);
}

}  // namespace m8::dns
