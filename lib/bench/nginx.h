/// nginx with one worker and one page on loopback, for the HTTP benchmarks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/subprocess.h"
#include "bench/bench.h"

namespace m8::bench {

/// Told to end with its owner: a killed master would leave its worker behind.
class Nginx {
 public:
  /// Starts it in context.temp_directory, with TLS too (a certificate made by openssl). kNotFound
  /// without one of the programs, kTimeout.
  static Result<Nginx> start(const Context& context);
  /// Another that answers 404 to everything, on \p addresses of 127.0.0.0/8, without TLS.
  static Result<Nginx> start_absent(const Context& context,
                                    const std::vector<std::string>& addresses);
  Nginx(Nginx&&) = default;
  ~Nginx();

  std::string url() const;
  std::string url(const std::string& address) const;
  std::string tls_url() const;
  /// The certificate, which clients have to trust.
  const std::string& certificate() const { return certificate_; }
  /// What is served at both.
  static std::string page();

 private:
  static Result<Child> launch(const Context& context, const std::string& directory,
                              const std::string& config);
  Nginx(Child child, std::uint16_t port, std::uint16_t tls_port, std::string certificate);
  Child child_;
  std::uint16_t port_, tls_port_;
  std::string certificate_;
};

}  // namespace m8::bench
