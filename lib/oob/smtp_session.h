/// SmtpSession: a minimal mail receiver's side of one connection (RFC 5321), as bytes in and out.
///
/// Takes mail for anybody and delivers none: a message is only written down. No network; one
/// thread. Everything that a stranger can make long is bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace m8::oob {

/// One message, or what was said before the peer left without sending it.
struct Mail {
  std::string from;                     ///< of MAIL FROM, without <>
  std::vector<std::string> recipients;  ///< of RCPT TO
  std::string commands;                 ///< MAIL and RCPT lines as they came
  std::string data;                     ///< header and body, dots undone; may be cut
};

struct SmtpLimits {
  std::size_t max_line = 2048;        ///< bytes; a longer one ends the session
  std::size_t max_data = 256u << 10;  ///< bytes kept of a message
  std::size_t max_sent = 4u << 20;    ///< bytes of a session, then it ends
  std::size_t max_recipients = 100;   ///< of a message
  int max_commands = 200;             ///< of a session
  int max_errors = 10;                ///< of a session
};

class SmtpSession {
 public:
  /// Told of each message, with what was answered to it.
  using Receiver = std::function<void(const Mail& mail, const std::string& answer)>;

  /// \p host is what the server calls itself.
  SmtpSession(std::string host, SmtpLimits limits, Receiver receiver);

  /// What the server says first.
  std::string greeting() const;
  /// Takes bytes as they come and gives what to answer.
  std::string feed(std::string_view bytes);
  /// The session is over once the last answer is sent.
  bool over() const { return over_; }
  /// The peer has left: recipients without a message are told, too.
  void closed();

 private:
  std::string line(std::string_view text);
  std::string command(std::string_view text);
  std::string mail(std::string_view text);
  std::string recipient(std::string_view text);
  void data_line(std::string_view text);
  std::string end_of_data();
  std::string wrong(std::string answer);
  std::string end(std::string answer);
  void tell(const std::string& answer);

  const std::string host_;
  const SmtpLimits limits_;
  const Receiver receiver_;
  Mail mail_;
  std::string rest_;  ///< a line that has not ended
  std::size_t received_ = 0;
  int commands_ = 0, errors_ = 0;
  bool in_data_ = false, has_sender_ = false, over_ = false;
};

}  // namespace m8::oob
