#include "oob/crypto.h"

#include <doctest/doctest.h>

#include "base/hash.h"
#include "oob/client.h"

using namespace m8;
using namespace m8::oob;

namespace {

// Made for this test by `openssl genpkey`, as all texts below by `openssl pkeyutl` and `enc`.
constexpr const char* kPrivateKey = R"(-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANbthnHooeMRRi20
W/DKBbW8Fsi5qKePvqRT3f8odxXXINvQgC9fgLA5bzIIbVPA7g8qqZj7yLl5fbaE
6BNQHYiHuknYTgO783DRU9oVCdEyzCf1/3RmAh/KOzKU2Du48WkVa1tDOH13LJ+w
IvcuiXAl9hHXAT5jT+r4axHeIE0JAgMBAAECgYEAmyi+dl1LAXHnB/e8qAgwNxKi
ICZn6w+KwXcKPLopvkqgHhBXeduoO5A7BhOvWVdehPR3m0mpjrx2VN197PNZXXOk
d/tz1IpuvIOI28fe8fQ2XLdj39cuV5GYgqOHUyN/VyD/CgOYnjtnny+3rAm2qGAL
gcvQmJTgc4hX2ZZZp0ECQQD7PfdwyxYFwI0bcsVA07VLLKoWTCoV4A7BroRLrtjL
s0WGOK4bXbGgAe8VyEAjl+276m5Z5z/wQBTzpuwgqaG7AkEA2v+BaiGegXUUySf9
Rt07De4uwdQ8Zr0gtCOkso4fbUXJWOHt/Eso4tKWKHjdpbk5kazqnPKqWzR/e76C
eIhuCwJBAKoQ1g/pyKx4HIw58j/hjtSmFTQmtk48boC4ayD36BRq82LZtzEbCQNw
i7BI7vGpA+mx1KTSnjs4hXYwxaGOccUCQECi7wBzIcRV2Sex7NhQjZCD/zroOFee
dJuWdZLZzb7DvTTFoic3y75+pyEU4155d9teLPTbzpoSuZm9VebbZZcCQFCZ9IxK
7X1pN0kPCLlx6Qz9s0pXbdvm/cYdw4wLSUVuCBtcSOJfpTFRpR1Ir5IM7SVR1RuY
zjjUKcZkzGRzjI0=
-----END PRIVATE KEY-----
)";
constexpr const char* kAesKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kSealedKey =
    "0gzhHc32NTJZRVGZajkOVjgSTU4RoZFDM7DXQlkbQuHpUYzNHyw1B7nsAAhuNiR9GDHJgs/nTo4OjjX0AwVvqBwni2+"
    "UqppkYZmaQbr9/HOxI2mETbLMEsqw/hWK669t8KBEahQTpA4K4OooVbsQ5DYV/BCmBY11eog66KZGMR4=";
constexpr const char* kCtr =
    "AAECAwQFBgcICQoLDA0ODyh/rIf5u1kHblCld6ft1VJkfPE4bE56IFlrqrRMo98tnigzKCOzzxmAyc54xSAkENzFoC4s"
    "BGLvJc1F/atA97MIZswCwVm8M2AsX9HQ4ykfdUqinTWNsp1d6RJXXUfIa3Y6GYERttuew8BKCl2PZET2C3qRhwZok/c4"
    "eqtzL2wx159QjPECKvYGwTuxT8stG1+Pt5oVDhwSybOJMQSNzrkSO59DpXPi4v5D81vN2wZJ";
constexpr const char* kCfb =
    "AAECAwQFBgcICQoLDA0ODyh/rIf5u1kHblCld6ft1VJJ1vuUi60il11lUnSwlexlHwvEIt+/mc9qIWYfzSomP3DxEkGt"
    "AGGtAmD17mklCrdNJPBHMj5XUrR5s1hzW4r/V/BVHe3JOAnCKJwPzChA9ML+aydXJVvWjS7qzchg58II2oOz6g51w+7Z"
    "3qlfMbsjU5C2Sr1+uoVOccKuuWBxtrs7kUo5tNMnsjDhllwgQPn0oiikhXYQtQTefmMsygMZ";

std::string raw(const char* base64) { return base64_decode(base64).value(); }

}  // namespace

TEST_CASE("oob/crypto: opens what another program sealed") {
  const auto keys = KeyPair::from_pem(kPrivateKey);
  REQUIRE(keys.ok());
  const auto key = keys->open_key(raw(kSealedKey));
  REQUIRE(key.ok());
  CHECK(*key == kAesKey);
  for (const char* text : {kCtr, kCfb}) {
    const auto interaction = open_interaction(raw(text), *key);
    REQUIRE(interaction.ok());
    CHECK(interaction->protocol == "dns");
    CHECK(interaction->unique_id == "c23b2la0kl1krjcrdj10cndmnioyyyyyn");
    CHECK(interaction->remote_address == "192.0.2.1");
  }
}

TEST_CASE("oob/crypto: the server's half fits the client's") {
  const auto keys = KeyPair::generate();
  REQUIRE(keys.ok());
  const auto written = keys->public_key();
  REQUIRE(written.ok());
  CHECK(raw(written->c_str()).starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
  const auto sealed = seal_key(kAesKey, *written);
  REQUIRE(sealed.ok());
  CHECK(sealed->size() == 256);
  CHECK(keys->open_key(*sealed).value() == kAesKey);
  const auto one = encrypt("text", kAesKey), other = encrypt("text", kAesKey);
  CHECK(*one != *other);
  CHECK(decrypt_ctr(*one, kAesKey).value() == "text");
}

TEST_CASE("oob/crypto: refuses what is none") {
  const auto keys = KeyPair::from_pem(kPrivateKey);
  REQUIRE(keys.ok());
  CHECK(keys->open_key("short").error().code == ErrorCode::kProtocol);
  CHECK(keys->open_key(std::string(128, 'x')).error().code == ErrorCode::kProtocol);
  CHECK(decrypt_ctr("fifteen bytes..", kAesKey).error().code == ErrorCode::kProtocol);
  CHECK(decrypt_ctr(std::string(40, 'x'), "short key").error().code == ErrorCode::kProtocol);
  CHECK_FALSE(KeyPair::from_pem("no key").ok());
  for (const std::string& text : {std::string(), std::string("%%"), base64_encode("no PEM"),
                                  std::string(100'000, 'A'), base64_encode(kPrivateKey)}) {
    CAPTURE(text.substr(0, 20));
    CHECK(check_public_key(text).error().code == ErrorCode::kInvalidArgument);
  }
}
