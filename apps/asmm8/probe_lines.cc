#include "probe_lines.h"

#include <fmt/format.h>

#include "base/regex.h"

namespace m8::asmm8 {
namespace {

constexpr const char* kPlain = "\x1b[0m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kCyan = "\x1b[36m";

const char* colour_of(int status) {
  if (status < 300) return kGreen;
  return status < 400 ? kYellow : kRed;
}

/// Nothing of a stranger's moves a terminal's cursor.
std::string visible(std::string_view text) {
  std::string out = is_utf8(text) ? std::string(text) : to_utf8(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace

ProbeLines::ProbeLines(const cli::Values& flags, bool colours)
    : status_(flags.on("status-code")),
      location_(flags.on("location")),
      method_(flags.on("method")),
      length_(flags.on("content-length")),
      type_(flags.on("content-type")),
      title_(flags.on("title")),
      server_(flags.on("web-server")),
      ip_(flags.on("ip")),
      cname_(flags.on("cname")),
      extracts_(flags.given("extract-regex")),
      cdn_(flags.on("cdn")),
      time_(flags.on("response-time")),
      tech_(flags.on("tech-detect")),
      hashes_(flags.given("hash")),
      favicon_(flags.on("favicon")),
      words_(flags.on("word-count")),
      lines_(flags.on("line-count")),
      jarm_(flags.on("jarm")),
      http2_(flags.on("http2")),
      websocket_(flags.on("websocket")),
      pipeline_(flags.on("pipeline")),
      vhost_(flags.on("vhost")),
      probe_(flags.on("probe")),
      preview_(flags.given("body-preview")),
      screenshot_(flags.given("screenshot")),
      colours_(colours) {}

std::string ProbeLines::line(const model::Endpoint& record) const {
  std::string out = visible(record.url);
  const auto column = [&](bool shown, const std::string& text, const char* colour = nullptr) {
    if (!shown) return;
    if (colours_ && colour != nullptr) {
      out += fmt::format(" [{}{}{}]", colour, visible(text), kPlain);
    } else {
      out += " [" + visible(text) + "]";
    }
  };
  column(probe_, record.live ? "SUCCESS" : "FAILED", record.live ? kGreen : kRed);
  if (!record.live) return out + '\n';
  std::string codes = std::to_string(record.status);
  if (!record.chain_status.empty()) codes = fmt::format("{}", fmt::join(record.chain_status, ","));
  column(status_, codes, colour_of(record.status));
  column(location_, record.final_url.empty() ? record.location : record.final_url, kYellow);
  column(method_, record.method);
  column(length_, std::to_string(record.content_length));
  column(type_, record.content_type);
  column(title_, record.title, kCyan);
  column(preview_, record.body_preview);
  column(server_, record.server);
  column(websocket_ && record.websocket, "websocket");
  column(pipeline_ && record.pipeline, "pipeline");
  column(http2_ && record.http2, "http2");
  column(vhost_ && record.vhost, "vhost");
  column(ip_, record.ip);
  column(cname_ && !record.cname.empty(), joined(record.cname));
  column(extracts_ && !record.extracts.empty(), joined(record.extracts));
  column(cdn_ && !record.cdn_name.empty(), record.cdn_name);
  column(time_, fmt::format("{}ms", static_cast<double>(record.time.count()) / 1000));
  column(tech_ && !record.technologies.empty(), joined(record.technologies), kCyan);
  if (hashes_)
    for (const auto& [name, text] : record.hashes) column(name.starts_with("body_"), text);
  column(favicon_, record.favicon);
  column(lines_, std::to_string(record.lines));
  column(words_, std::to_string(record.words));
  column(jarm_ && !record.jarm.empty(), record.jarm);
  column(screenshot_ && !record.screenshot_path.empty(), record.screenshot_path);
  return out + '\n';
}

}  // namespace m8::asmm8
