#include "dns/server_list.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "dns/hosts_file.h"

using namespace m8;
using namespace m8::dns;

namespace {

class Files {
 public:
  Files() : directory_(TempDirectory::create("/tmp").value()) {}
  std::string with(const std::string& text) {
    const std::string path = directory_.path() + "/file";
    REQUIRE(write_file_atomically(path, text).ok());
    return path;
  }
  const std::string& directory() const { return directory_.path(); }

 private:
  TempDirectory directory_;
};

}  // namespace

TEST_CASE("dns/server_list: addresses with and without ports") {
  const auto servers = read_servers("192.0.2.1, 192.0.2.2:5353,[2001:db8::1]:53,192.0.2.1:53");
  REQUIRE(servers.ok());
  CHECK(describe(*servers) == "192.0.2.1:53, 192.0.2.2:5353, [2001:db8::1]:53");
}

TEST_CASE("dns/server_list: a file, with comments") {
  Files files;
  const auto servers = read_servers(files.with("# ours\n192.0.2.1\r\n\n  192.0.2.2:54 # backup\n"));
  REQUIRE(servers.ok());
  CHECK(describe(*servers) == "192.0.2.1:53, 192.0.2.2:54");
}

TEST_CASE("dns/server_list: rubbish is told line by line, the rest is used") {
  const auto file = parse_servers("192.0.2.1\nnonsense\n\ntls://dns.example\n1.2.3.4:99999\n");
  CHECK(describe(file.servers) == "192.0.2.1:53, tls://dns.example:853");
  CHECK(file.rubbish == std::vector<std::string>{"2: nonsense", "5: 1.2.3.4:99999"});
}

TEST_CASE("dns/server_list: every form goes both ways") {
  for (const auto& [text, canonical] : std::vector<std::pair<std::string, std::string>>{
           {"192.0.2.1", "192.0.2.1:53"},
           {"udp://192.0.2.1:54", "192.0.2.1:54"},
           {"[2001:db8::1]:54", "[2001:db8::1]:54"},
           {"tls://192.0.2.1", "tls://192.0.2.1:853"},
           {"tls://[2001:db8::1]:8853", "tls://[2001:db8::1]:8853"},
           {"tls://DNS.example:8853", "tls://dns.example:8853"},
           {"https://dns.example/dns-query", "https://dns.example/dns-query"},
       }) {
    const auto server = Server::parse(text);
    const auto& shown = text;
    CAPTURE(shown);
    REQUIRE(server.ok());
    CHECK(server->to_string() == canonical);
    CHECK(Server::parse(canonical)->to_string() == canonical);
  }
  for (const char* text : {"", "tls://", "tls://a b", "https://", "tls://x:0", "tls://x:99999",
                           "dns.example", "192.0.2", "ftp://192.0.2.1"}) {
    CAPTURE(text);
    CHECK(Server::parse(text).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("dns/server_list: what can only be meant as an address is no missing file") {
  for (const char* text : {"999.1.1.1", "192.0.2.1:70000", "tls://", "192.0.2.1,nobody://x"}) {
    CAPTURE(text);
    CHECK(read_servers(text).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("dns/server_list: nothing, no file and a directory are errors") {
  Files files;
  CHECK(read_servers(files.with("# none\n")).error().code == ErrorCode::kInvalidArgument);
  CHECK(read_servers(",").error().code == ErrorCode::kInvalidArgument);
  CHECK(read_servers(files.directory() + "/missing").error().code == ErrorCode::kNotFound);
  CHECK(!read_servers(files.directory()).ok());
}

TEST_CASE("dns/server_list: nameserver lines of resolv.conf") {
  Files files;
  const auto servers = system_servers(
      files.with("# x\nsearch example\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # v6\n"
                 "nameserver fe80::1%eth0\noptions edns0\n"));
  REQUIRE(servers.ok());
  CHECK(describe(*servers) == "192.0.2.1:53, [2001:db8::1]:53");
}

TEST_CASE("dns/server_list: without nameserver the local host is asked") {
  Files files;
  for (const auto& path : {files.with("search example\n"), files.directory() + "/missing"}) {
    const auto servers = system_servers(path);
    REQUIRE(servers.ok());
    CHECK(describe(*servers) == "127.0.0.1:53");
  }
}

TEST_CASE("dns/server_list: many are told in short") {
  std::vector<Server> many(10, net::SocketAddress{net::IpAddress::v4(0x01010101), 53});
  CHECK(describe(many) == "1.1.1.1:53, 1.1.1.1:53, 1.1.1.1:53 and 7 more");
}

TEST_CASE("dns/hosts_file: names and aliases of an address") {
  Files files;
  const auto hosts =
      read_hosts(files.with("127.0.0.1 localhost\n192.0.2.9\tWeb.example web # ours\nbad line\n"
                            "2001:db8::9 web.example"));
  REQUIRE(hosts.ok());
  REQUIRE(hosts->contains("web.example"));
  CHECK(hosts->at("web.example").size() == 2);
  CHECK(hosts->at("web")[0].to_string() == "192.0.2.9");
  CHECK(!hosts->contains("line"));
  CHECK(read_hosts(files.directory() + "/missing")->empty());
}
