#include "oob/smtp_session.h"

#include <algorithm>
#include <utility>

#include "base/file.h"

namespace m8::oob {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

/// "<a@b>" of "FROM:<a@b> SIZE=1"; what is there, if it has no brackets.
std::string path_of(std::string_view text) {
  text = trim(text.substr(std::min(text.find(':') + 1, text.size())));
  if (text.starts_with('<')) return std::string(text.substr(1, text.find('>') - 1));
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

SmtpSession::SmtpSession(std::string host, SmtpLimits limits, Receiver receiver)
    : host_(std::move(host)), limits_(limits), receiver_(std::move(receiver)) {}

std::string SmtpSession::greeting() const { return "220 " + host_ + " ESMTP\r\n"; }

std::string SmtpSession::feed(std::string_view bytes) {
  std::string out;
  received_ += bytes.size();
  if (received_ > limits_.max_sent) return end("421 too much\r\n");
  while (!over_ && !bytes.empty()) {
    const auto end_of_line = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end_of_line);
    if (rest_.size() + part.size() > limits_.max_line) return out + end("500 line too long\r\n");
    rest_ += part;
    if (end_of_line == std::string_view::npos) break;
    bytes.remove_prefix(end_of_line + 1);
    if (rest_.ends_with('\r')) rest_.pop_back();
    out += line(std::exchange(rest_, {}));
  }
  return out;
}

std::string SmtpSession::line(std::string_view text) {
  if (!in_data_) return command(text);
  if (text == ".") return end_of_data();
  data_line(text);
  return {};
}

void SmtpSession::data_line(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);  // RFC 5321 4.5.2
  if (mail_.data.size() + text.size() + 2 > limits_.max_data) return;
  mail_.data.append(text).append("\r\n");
}

std::string SmtpSession::command(std::string_view text) {
  if (++commands_ > limits_.max_commands) return end("421 too many commands\r\n");
  const std::string verb = upper(text.substr(0, text.find(' ')));
  if (verb == "HELO") return "250 " + host_ + "\r\n";
  if (verb == "EHLO") return "250-" + host_ + "\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";
  if (verb == "MAIL") return mail(text);
  if (verb == "RCPT") return recipient(text);
  if (verb == "DATA") {
    if (mail_.recipients.empty()) return wrong("503 RCPT first\r\n");
    in_data_ = true;
    return "354 end with a dot\r\n";
  }
  if (verb == "RSET") {
    tell("250 OK\r\n");
    return "250 OK\r\n";
  }
  if (verb == "NOOP" || verb == "VRFY") return "250 OK\r\n";
  if (verb == "QUIT") return end("221 bye\r\n");
  return wrong("500 unknown command\r\n");
}

std::string SmtpSession::mail(std::string_view text) {
  if (!upper(text.substr(0, 10)).starts_with("MAIL FROM:")) return wrong("501 MAIL FROM:<...>\r\n");
  tell("250 OK\r\n");
  mail_.from = path_of(text);
  mail_.commands.append(text).append("\r\n");
  has_sender_ = true;
  return "250 OK\r\n";
}

std::string SmtpSession::recipient(std::string_view text) {
  if (!upper(text.substr(0, 8)).starts_with("RCPT TO:")) return wrong("501 RCPT TO:<...>\r\n");
  if (!has_sender_) return wrong("503 MAIL first\r\n");
  if (mail_.recipients.size() >= limits_.max_recipients) return wrong("452 too many\r\n");
  mail_.recipients.push_back(path_of(text));
  mail_.commands.append(text).append("\r\n");
  return "250 OK\r\n";
}

std::string SmtpSession::end_of_data() {
  in_data_ = false;
  std::string answer = "250 OK\r\n";
  tell(answer);
  return answer;
}

std::string SmtpSession::wrong(std::string answer) {
  if (++errors_ > limits_.max_errors) return end("421 too many errors\r\n");
  return answer;
}

std::string SmtpSession::end(std::string answer) {
  over_ = true;
  closed();
  return answer;
}

void SmtpSession::closed() { tell(""); }

/// Tells of what has recipients, and begins anew.
void SmtpSession::tell(const std::string& answer) {
  const Mail mail = std::exchange(mail_, {});
  has_sender_ = false;
  in_data_ = false;
  if (!mail.recipients.empty()) receiver_(mail, answer);
}

}  // namespace m8::oob
