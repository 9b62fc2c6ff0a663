/// JARM: a fingerprint of how a TLS server answers ten odd client hellos (Salesforce, 2020).
///
/// Only bytes: who connects and reads is the caller's business.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace m8::net {

constexpr std::size_t kJarmProbes = 10;
/// What is read of each answer, in one read.
constexpr std::size_t kJarmAnswer = 1484;

/// The record that holds the client hello \p index (0..9) for \p host. Random fields differ from
/// call to call.
std::string jarm_hello(std::size_t index, std::string_view host);

/// "cipher|version|alpn|extensions" of a server hello; "|||" for an alert, nothing or nonsense.
std::string jarm_answer(std::string_view bytes);

/// The fingerprint of ten answers: 62 hex digits, all zero if none of them was a server hello.
std::string jarm_hash(const std::array<std::string, kJarmProbes>& answers);

}  // namespace m8::net
