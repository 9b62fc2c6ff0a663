/// Mail: one message to an SMTP server (RFC 5321), through libcurl.
///
/// Plain text in UTF-8. One thread for each call.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::http {

struct MailServer {
  std::string url;  ///< "smtp://host:25" (STARTTLS when it is offered), "smtps://host:465"
  std::string user, password;  ///< empty: no login
  bool require_tls = false;    ///< no mail in the clear
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  ///< of all together
};

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string subject, text;
  std::string id;  ///< of Message-ID, without <>: who gets one twice can tell
  WallTime date{};
};

/// An address that can't end its line or command: printable, with one '@'.
bool is_mail_address(std::string_view text);

/// The message with its header, lines ended by CR LF; what is not ASCII in the subject is encoded
/// (RFC 2047).
std::string mail_text(const Mail& mail);

/// Hands \p mail over. kInvalidArgument for an address that is none, kDenied (login, recipient or
/// message refused for good: 5xx), kNetwork, kTimeout, kProtocol (TLS), kCancelled. Errors name the
/// host, never user or password.
Status send_mail(const MailServer& server, const Mail& mail, std::stop_token stop);

}  // namespace m8::http
