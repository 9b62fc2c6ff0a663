#include "enumerate/nsec_walk.h"

#include <optional>

#include "net/name.h"

namespace m8::enumerate {
namespace {

constexpr std::size_t kLongestLabel = 63, kLongestName = 253;

/// Takes the last label off \p name.
std::string_view take_last_label(std::string_view& name) {
  const auto dot = name.rfind('.');
  const std::string_view label = dot == name.npos ? name : name.substr(dot + 1);
  name = dot == name.npos ? std::string_view() : name.substr(0, dot);
  return label;
}

/// The next name of the NSEC record of \p owner in one section.
std::optional<std::string> next_of(dns::RecordCursor& records, dns::Bytes message,
                                   std::string_view owner, std::string_view zone) {
  std::optional<std::string> next;
  for (dns::RecordView record; records.next(record);) {
    if (record.type != dns::RrType::kNsec) continue;
    dns::NameText name;
    std::size_t at = record.name_at;
    if (!read_name(message, at, name)) continue;
    name.lower();
    if (name.view() != owner) continue;
    at = record.data_at;
    if (!read_name(message, at, name)) continue;
    name.lower();
    const std::string text(name.view());
    // At a cut both zones have a record of the same name: the one above is wanted.
    if (!next || (net::name_is_inside(*next, owner) && *next != zone)) next = text;
  }
  return next;
}

}  // namespace

bool canonical_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto left = take_last_label(a), right = take_last_label(b);
    if (left != right) return left < right;
  }
  return a.empty() && !b.empty();
}

NsecWalk::State NsecWalk::take(const dns::Reply* reply,
                               const std::function<void(const std::string&)>& take) {
  if (state_ != State::kWalking) return state_;
  if (at_.empty()) at_ = zone_;
  if (reply == nullptr) return state_ = State::kLost;
  auto answers = reply->answers();
  auto next = next_of(answers, reply->message, at_, zone_);
  if (!next && !answers.bad()) {
    dns::RecordCursor authority(reply->message, answers.at(), reply->header.authorities);
    next = next_of(authority, reply->message, at_, zone_);
  }
  if (next) return step(*next, take);
  if (at_ == zone_) return state_ = State::kNoChain;
  // A cut: its name servers are named in place of the record. Behind it the zone goes on.
  if (ask_ == at_) return behind(at_);
  return state_ = State::kLost;
}

NsecWalk::State NsecWalk::step(const std::string& next,
                               const std::function<void(const std::string&)>& take) {
  if (next == zone_) return state_ = State::kComplete;
  const bool ahead = net::name_is_inside(next, zone_) && canonical_less(at_, next);
  if (!ahead) {
    // The chain of a zone below came back to its own begin: the one above goes on behind it.
    const bool came_back = net::name_is_inside(next, zone_) && net::name_is_inside(at_, next);
    if (!came_back || ask_ != at_) return state_ = State::kLost;
    at_ = next;
    return behind(next);
  }
  if (next.find('\\') != next.npos) return state_ = State::kMadeUp;
  if (names_ >= most_) return state_ = State::kTooLong;
  ++names_;
  take(next);
  at_ = ask_ = next;
  return state_;
}

void NsecWalk::skip(const std::vector<std::string>& names) {
  if (state_ != State::kWalking || names.empty() || !canonical_less(at_, names.back())) return;
  at_ = ask_ = names.back();
  names_ = names.size();
}

/// Asks for a name that sorts behind everything below \p name and before its neighbours.
NsecWalk::State NsecWalk::behind(const std::string& name) {
  const auto dot = name.find('.');
  ask_ = name.substr(0, dot) + "-0" + name.substr(dot);
  if (dot + 2 > kLongestLabel || ask_.size() > kLongestName) state_ = State::kLost;
  return state_;
}

const char* NsecWalk::why() const {
  switch (state_) {
    case State::kWalking:
      return "under way";
    case State::kComplete:
      return "walked to its end";
    case State::kNoChain:
      return "no NSEC records: not signed, or NSEC3";
    case State::kMadeUp:
      return "its NSEC records are made up for each question";
    case State::kTooLong:
      return "too long: left before its end";
    case State::kLost:
      break;
  }
  return "lost on the way";
}

}  // namespace m8::enumerate
