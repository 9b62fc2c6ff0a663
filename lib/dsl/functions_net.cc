// Helpers that ask the network or make what goes over it (dsl.md 7.7, 7.9).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "dsl/deflate.h"
#include "dsl/function.h"
#include "dsl/java_gadget.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

/// The query type in lower case; empty for an unknown one.
std::string record_type(std::string_view text) {
  constexpr std::array<std::string_view, 10> kTypes{"a",   "aaaa", "cname", "ns",  "txt",
                                                    "srv", "ptr",  "mx",    "soa", "caa"};
  std::string type = to_lower(text);
  if (type == "4") return "a";
  if (type == "6") return "aaaa";
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end() ? type : "";
}

Result<Value> resolve(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const std::string type = record_type(call.size() == 2 ? call[1].text() : "a");
  if (type.empty()) return bad_argument("invalid dns type");
  std::string record = M8_TRY(call.services().resolve(call[0].text(), type));
  if (record.empty()) return Error{ErrorCode::kNotFound, "no records found"};
  return Value(std::move(record));
}

Result<Value> get_network_port(const Call& call) {
  if (call.size() != 2) return bad_signature();
  const std::string port = call[0].text();
  // Ports of web servers and of DNS are not what a template of another protocol wants.
  const bool foreign = port.empty() || port == "80" || port == "443" || port == "8080" ||
                       port == "8081" || port == "8443" || port == "53";
  return foreign ? Value(call[1]) : Value(port);
}

Result<Value> public_ip(const Call& call) {
  if (call.size() != 0) return bad_signature();
  std::string address = M8_TRY(call.services().public_ip());
  return Value(std::move(address));
}

Result<Value> jarm(const Call& call) {
  const std::string_view target = M8_TRY(call.string(0));
  std::string fingerprint = M8_TRY(call.services().jarm(std::string(target)));
  return Value(std::move(fingerprint));
}

/// Lines "Name: value".
Result<std::vector<std::pair<std::string, std::string>>> header_lines(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return bad_argument(fmt::format("malformed MIME header line: {}", line));
    out.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return out;
}

Result<Value> wappalyzer(const Call& call) {
  const std::string_view headers = M8_TRY(call.string(0));
  const std::string_view body = M8_TRY(call.string(1));
  const auto lines = M8_TRY(header_lines(headers));
  List found = M8_TRY(call.services().technologies(lines, body));
  return Value(std::move(found));
}

std::string base64_for_urls(std::string_view data) {
  std::string out;
  for (const char c : base64_encode(data)) {
    if (c == '+') {
      out += "%2B";
    } else {
      out += c;
    }
  }
  return out;
}

Result<Value> generate_java_gadget(const Call& call) {
  const std::string_view gadget = M8_TRY(call.string(0));
  const std::string_view url = M8_TRY(call.string(1));
  const std::string_view encoding = M8_TRY(call.string(2));
  if (gadget != "dns") {
    return Error{ErrorCode::kUnsupported,
                 "unsupported function generate_java_gadget: only the gadget dns"};
  }
  std::string stream = java_dns_probe(url);
  if (encoding == "raw") return Value(std::move(stream));
  if (encoding == "hex") return Value(hex_encode(stream));
  if (encoding == "base64-raw") return Value(base64_encode(stream));
  if (encoding != "gzip" && encoding != "gzip-base64") return Value(base64_for_urls(stream));
  std::string packed = compress(stream, Wrapping::kGzip);
  return Value(encoding == "gzip" ? std::move(packed) : base64_for_urls(packed));
}

Result<Value> print_debug(const Call& call) {
  if (call.size() == 0) return bad_signature();
  for (std::size_t i = 0; i < call.size(); ++i) {
    log::get("dsl")->debug("print_debug value={}", call[i].text());
  }
  return Value(true);
}

constexpr Function kFunctions[] = {
    {"resolve", -1, resolve, "(host string, optionalType string) string"},
    {"getNetworkPort", -1, get_network_port, "(port, defaultPort string) string"},
    {"public_ip", -1, public_ip, "() string"},
    {"jarm", 1, jarm},
    {"wappalyzer", 2, wappalyzer},
    {"generate_java_gadget", 3, generate_java_gadget},
    {"print_debug", -1, print_debug, "(args ...interface{}) bool"},
};

}  // namespace

std::span<const Function> net_functions() { return kFunctions; }

}  // namespace m8::dsl
