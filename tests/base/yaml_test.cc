#include "base/yaml.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;

TEST_CASE("base/yaml: scalars keep their source text") {
  const auto root = *yaml::parse("a: 1.10\nb: 007\nc: 'true'\nd: ~\ne: |\n  x\n  y\n");
  CHECK(root.find("a")->text() == "1.10");
  CHECK(root.find("b")->text() == "007");
  bool flag = false;
  CHECK(!root.find("c")->as_bool(flag));
  CHECK(root.find("d")->is_null());
  CHECK(root.find("e")->text() == "x\ny\n");
  CHECK(root.find("e")->line() == 5);
  CHECK(root.find("none") == nullptr);
}

TEST_CASE("base/yaml: typed reading") {
  const auto root = *yaml::parse("[1, -2, 0x1f, 1.5, 1e3, true, no, abc, .]");
  std::int64_t whole = 0;
  double number = 0;
  bool flag = true;
  const auto& items = root.items();
  CHECK((items[0].as_int(whole) && whole == 1));
  CHECK((items[1].as_int(whole) && whole == -2));
  CHECK((items[2].as_int(whole) && whole == 31));
  CHECK(!items[3].as_int(whole));
  CHECK((items[3].as_double(number) && number == 1.5));
  CHECK((items[4].as_double(number) && number == 1000));
  CHECK((items[5].as_bool(flag) && flag));
  CHECK((items[6].as_bool(flag) && !flag));
  CHECK(!items[7].as_double(number));
  CHECK(!items[8].as_double(number));
}

TEST_CASE("base/yaml: the last duplicate wins, aliases are copied, merge keys merge") {
  const auto root = *yaml::parse("x: &d {a: 1, b: 2}\ny: {<<: *d, b: 3}\nz: *d\nx: 9\n");
  CHECK(root.find("x")->text() == "9");
  CHECK(root.members().size() == 4);
  CHECK(root.find("y")->find("a")->text() == "1");
  CHECK(root.find("y")->find("b")->text() == "3");
  CHECK(root.find("z")->find("b")->text() == "2");
}

TEST_CASE("base/yaml: metadata as JSON") {
  const auto root = *yaml::parse("a: 1\nb: '1'\nc: [true, x<y]\n");
  CHECK(root.to_json() == R"({"a":1,"b":"1","c":[true,"x\u003cy"]})");
}

TEST_CASE("base/yaml: broken documents name the line") {
  const auto broken = yaml::parse("a: 1\nb: [1, 2\nc: 3\n");
  REQUIRE(!broken.ok());
  CHECK(broken.error().code == ErrorCode::kInvalidArgument);
  CHECK(broken.error().message.rfind("line ", 0) == 0);
}

TEST_CASE("base/yaml: bombs are refused") {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    laughs += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n",
                          i, i - 1);
  }
  const auto bomb = yaml::parse(laughs);
  REQUIRE(!bomb.ok());
  CHECK(bomb.error().code == ErrorCode::kExhausted);
  CHECK(!yaml::parse(std::string(1000, '[')).ok());
  CHECK(!yaml::parse(std::string(17u << 20, ' ')).ok());
}

TEST_CASE("base/yaml: a packed tree comes back as it was, and other bytes don't") {
  const auto root = *yaml::parse(
      "a: 1.10\nb:\n  - 'x'\n  - ~\n  - c: |\n      two\n      lines\n? {d: 1}\n: e\n");
  std::string bytes, again;
  root.pack(bytes);
  const auto copy = yaml::Tree::unpack(bytes);
  REQUIRE(copy.ok());
  copy->pack(again);
  CHECK(again == bytes);
  CHECK(copy->to_json() == root.to_json());
  CHECK(copy->find("b")->items()[0].quoted());
  CHECK(copy->find("b")->key_line() == 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    CHECK(!yaml::Tree::unpack(std::string_view(bytes).substr(0, i)).ok());
  }
  CHECK(!yaml::Tree::unpack(bytes + "x").ok());
  CHECK(!yaml::Tree::unpack(std::string(500, '\2') + std::string(500, '\1')).ok());
}
