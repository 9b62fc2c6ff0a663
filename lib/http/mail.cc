#include "http/mail.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "net/url.h"

namespace m8::http {
namespace {

struct CloseEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

/// What is still to be sent, and whether anybody wants it.
struct Upload {
  std::string_view rest;
  std::stop_token stop;
};

std::size_t read_upload(char* out, std::size_t size, std::size_t count, void* context) {
  auto& upload = *static_cast<Upload*>(context);
  const std::size_t taken = upload.rest.copy(out, size * count);
  upload.rest.remove_prefix(taken);
  return taken;
}

int check_stop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Upload*>(context)->stop.stop_requested() ? 1 : 0;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// One line that a header may have.
std::string header_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return is_ascii(text) ? text : "=?UTF-8?B?" + base64_encode(text) + "?=";
}

std::string date_text(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

ErrorCode code_of(CURLcode code, long reply) {
  if (reply >= 500 && reply < 600) return ErrorCode::kDenied;
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorCode::kCancelled;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_LOGIN_DENIED:
      return ErrorCode::kDenied;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_USE_SSL_FAILED:
      return ErrorCode::kProtocol;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kNetwork;
  }
}

void set_server(CURL* handle, const MailServer& server) {
  curl_easy_setopt(handle, CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(handle, CURLOPT_USE_SSL,
                   static_cast<long>(server.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!server.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(server.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.count()));
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == 0 || at == text.npos || at + 1 == text.size() || text.find('@', at + 1) != text.npos)
    return false;
  return text.size() <= 254 && is_ascii(text) && text.find_first_of(" <>,;:\"\\()[]") == text.npos;
}

std::string mail_text(const Mail& mail) {
  std::string to;
  for (const std::string& address : mail.to) to += (to.empty() ? "" : ", ") + address;
  std::string out = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
      "Auto-Submitted: auto-generated\r\n\r\n",
      date_text(mail.date), mail.from, to, header_text(mail.subject), mail.id);
  // In base64 no line is too long, and none begins with a dot.
  const std::string body = base64_encode(mail.text);
  for (std::size_t at = 0; at < body.size(); at += 76) out += body.substr(at, 76) + "\r\n";
  return out;
}

Status send_mail(const MailServer& server, const Mail& mail, std::stop_token stop) {
  for (const auto& address : mail.to) {
    if (!is_mail_address(address) || !is_mail_address(mail.from))
      return Error{ErrorCode::kInvalidArgument, "not a mail address"};
  }
  if (mail.to.empty()) return Error{ErrorCode::kInvalidArgument, "a mail to nobody"};
  const Easy handle(curl_easy_init());
  if (!handle) return Error{ErrorCode::kExhausted, "libcurl: no memory"};
  set_server(handle.get(), server);
  List recipients;
  for (const auto& address : mail.to) {
    recipients.reset(curl_slist_append(recipients.release(), ("<" + address + ">").c_str()));
  }
  const std::string from = "<" + mail.from + ">", text = mail_text(mail);
  Upload upload{text, std::move(stop)};
  curl_easy_setopt(handle.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_READFUNCTION, read_upload);
  curl_easy_setopt(handle.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, check_stop);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &upload);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) return {};
  long reply = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &reply);
  const auto url = net::Url::parse(server.url);
  const std::string host = url ? url->host : "mail server";
  const std::string said = reply > 0 ? fmt::format(" ({})", reply) : "";
  return Error{code_of(code, reply), fmt::format("{}: {}{}", host, curl_easy_strerror(code), said)};
}

}  // namespace m8::http
