/// Wildcards (RFC 4592): what a zone answers for a name that nobody made.
///
/// A random label under the zone is a control: nothing but a wildcard can answer it. A candidate
/// whose records are all among those of the controls proves nothing by them. What does is a random
/// label below the candidate: a name that exists keeps the wildcard from everything below it (RFC
/// 4592 2.2.1), so that a denial there proves the name, whatever address it shares. Plain values,
/// one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "dns/answer.h"

namespace m8::enumerate {

/// 16 random letters and digits: a label that nobody made.
std::string random_label();
/// A random one of some words that hosts are not named after.
std::string random_word();
/// \p label with other letters in place of its letters, and other digits in place of its digits.
/// Empty if so few labels have this shape that some may well exist.
std::string like_label(std::string_view label);

class WildcardAnswers {
 public:
  /// Adds what the control \p name was answered; true if any of it was new.
  bool learn(std::string_view name, const dns::AnswerValues& values);
  bool empty() const { return known_.empty(); }
  /// Whether every record of \p values is one that the wildcard gives. A CNAME that repeats the
  /// label asked for ("x.cdn.example" for x) counts as the same for every label.
  bool covers(std::string_view name, const dns::AnswerValues& values) const;
  /// "A 192.0.2.1", "CNAME *.cdn.example", in order.
  const std::set<std::string, std::less<>>& known() const { return known_; }

 private:
  std::set<std::string, std::less<>> known_;
};

/// The verdict on one zone, type by type, from controls that are asked one after the other. A
/// wildcard may give out rotating parts of a pool, so more are asked until enough in a row teach
/// nothing new; one that never stops teaching has no pool that could be learned. One may also
/// answer only what looks like a name: where a random label is denied, a word and a label like the
/// candidate's are asked for too, before a guess counts as proven.
class WildcardVerdict {
 public:
  /// What the label of a control looks like.
  enum class Label : std::uint8_t {
    kRandom,
    kWord,
    kLike,  ///< the label of the candidate that waits, with other letters; else a word
  };
  /// What the next control should be.
  Label next_label() const;
  /// A control ended with these records, or with a denial (no records).
  void control(std::string_view name, const dns::AnswerValues& values,
               Label label = Label::kRandom);
  /// A control ended without: \p rcode is empty if nobody answered.
  void control_failed(std::optional<dns::Rcode> rcode, Label label = Label::kRandom);
  /// A candidate had other records: a name of its own, or a part of the pool not seen yet. More
  /// controls decide.
  void weigh_again() { quiet_ = 0; }

  /// What has to be known of a zone for a name: more for one that nobody saw.
  enum class Need : std::uint8_t {
    kSeen,
    kGuess,
    kLongGuess,  ///< one that like_label() has others for
  };
  /// What the wildcard gives, if there is one, is known as well as it will be, or as well as \p
  /// need demands.
  bool settled(Need need = Need::kSeen) const;
  /// No control was answered with any record.
  bool none() const { return answers_.empty(); }
  /// Nearly every control taught something new: other records prove nothing here.
  bool unbounded() const;
  /// It answers only labels that look like names: what lies below one proves nothing.
  bool selective() const { return selective_; }
  /// It gave different records to different controls.
  bool rotating() const { return lessons_ > 1; }
  /// No control was answered: nothing is known.
  bool failed() const { return controls_ > 0 && failures_ == controls_; }
  /// Names that nobody made are answered with \p rcode.
  bool fails_with(dns::Rcode rcode) const;
  bool covers(std::string_view name, const dns::AnswerValues& values) const {
    return answers_.covers(name, values);
  }
  int controls() const { return controls_; }
  /// For people: "A 192.0.2.1 192.0.2.2; AAAA none; CNAME none; 7 controls".
  std::string evidence() const;

 private:
  void count_name(Label label);
  bool none_for(Need need) const;

  WildcardAnswers answers_;
  int controls_ = 0;                   ///< finished
  int quiet_ = 0;                      ///< the last so many of them taught nothing new
  int lessons_ = 0;                    ///< so many did
  int failures_ = 0;                   ///< so many were not answered
  std::optional<dns::Rcode> failure_;  ///< of all that failed, if it is the same
  /// The first control that looked like a name and was answered: it may exist.
  struct Hit {
    std::string name;
    dns::AnswerValues values;
  };
  std::optional<Hit> hit_;
  Label answered_label_ = Label::kWord;
  int words_ = 0, likes_ = 0;  ///< controls that look like names
  int after_hit_ = 0;          ///< those of both kinds after a hit
  bool selective_ = false;
};

}  // namespace m8::enumerate
