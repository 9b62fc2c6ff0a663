#include "model/size.h"

namespace m8::model {
namespace {

/// Heap bytes of a text: short ones lie in the object itself.
std::size_t heap(const std::string& text) {
  const bool inside = text.capacity() < sizeof text / 2;
  return inside ? 0 : text.capacity() + 1;
}

std::size_t heap(const std::vector<std::string>& list) {
  std::size_t bytes = list.capacity() * sizeof(std::string);
  for (const std::string& text : list) bytes += heap(text);
  return bytes;
}

template <typename... Texts>
std::size_t heap_of(const Texts&... texts) {
  return (heap(texts) + ... + 0);
}

}  // namespace

std::size_t bytes_of(const Hostname& record) {
  std::size_t bytes =
      sizeof record + heap_of(record.domain, record.hostname, record.sources, record.a, record.aaaa,
                              record.cname, record.resolver, record.wildcard, record.tie_break);
  for (const Endpoint& endpoint : record.endpoints) bytes += bytes_of(endpoint);
  return bytes;
}

std::size_t bytes_of(const Endpoint& record) {
  return sizeof record +
         heap_of(record.url, record.hostname, record.ip, record.title, record.server);
}

std::size_t bytes_of(const Finding& record) {
  std::size_t bytes =
      sizeof record + heap_of(record.type, record.matcher_name, record.extractor_name, record.host,
                              record.port, record.scheme, record.url, record.path);
  bytes += heap_of(record.matched_at, record.extracted_results, record.request, record.response,
                   record.ip, record.curl_command);
  for (const auto& [name, value] : record.meta) bytes += sizeof name * 2 + heap_of(name, value);
  if (record.interaction) bytes += bytes_of(*record.interaction);
  return bytes;
}

std::size_t bytes_of(const Issue& record) {
  return sizeof record + heap_of(record.signature, record.template_id, record.name, record.matcher,
                                 record.host, record.matched_at, record.tags, record.event,
                                 record.target);
}

std::size_t bytes_of(const Outcome& record) {
  return sizeof record + heap_of(record.target, record.what, record.reason);
}

}  // namespace m8::model
