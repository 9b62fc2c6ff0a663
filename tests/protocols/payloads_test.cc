#include "protocols/payloads.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "base/temp_file.h"

using namespace m8;
using protocols::Payloads;

namespace {

Result<Payloads> compile(const char* text, const protocols::CompileOptions& options = {}) {
  auto node = yaml::parse(text);
  REQUIRE(node.ok());
  const auto occurs = [](std::string_view name) {
    return std::string_view("uses user pass and word").find(name) != std::string_view::npos;
  };
  return Payloads::compile(*node, occurs, options);
}

/// "user=a,pass=1 user=b,pass=2 "
std::string combinations(const Payloads& payloads) {
  std::string out;
  for (std::int64_t i = 0; i < payloads.combinations(); ++i) {
    for (const auto& [list, value] : payloads.at(i)) {
      out += list->name + "=" + std::string(value) + ",";
    }
    out.back() = ' ';
  }
  return out;
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("protocols/payloads: users that are their own password can come first") {
  auto payloads = compile("{attack: clusterbomb, payloads: {user: [a, b, c], pass: [c, x, a]}}");
  REQUIRE(payloads.ok());
  REQUIRE(payloads->guesses_logins());
  CHECK(payloads->likely_logins() == 2);
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < payloads->combinations(); ++i)
    order.push_back(payloads->likely_first(i));
  CHECK(order == std::vector<std::int64_t>{2, 6, 0, 1, 3, 4, 5, 7, 8});
  CHECK(payloads->user(6) == "c");
  auto others = compile("{attack: clusterbomb, payloads: {user: [a], word: [a]}}");
  REQUIRE(others.ok());
  CHECK(!others->guesses_logins());
}

TEST_CASE("protocols/payloads: a large file is not read into memory, and has the same values") {
  const auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  REQUIRE(folder.ok());
  const auto file = std::filesystem::path(folder->path()) / "words.txt";
  constexpr std::size_t kLines = 200'001;
  std::string text;
  for (std::size_t i = 0; i < kLines; ++i)
    text += "word" + std::to_string(i) + (i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "\n\n\r\n" : "\n");
  text.pop_back();  // the last line has no end
  write(file, text);
  protocols::CompileOptions options;
  options.template_path = folder->path() + "/t.yaml";
  auto payloads = compile(
      "{attack: clusterbomb, payloads: {user: [word7, x, word200000], "
      "pass: words.txt}}",
      options);
  REQUIRE(payloads.ok());
  CHECK(payloads->combinations() == 3 * static_cast<std::int64_t>(kLines));
  for (const std::size_t i : {0U, 1U, 63U, 64U, 65U, 12'345U, 199'999U, 200'000U}) {
    const auto values = payloads->at(static_cast<std::int64_t>(kLines + i));
    CHECK(values[0].second == "x");
    CHECK(values[1].second == "word" + std::to_string(i));
    CHECK(!values[1].first->has_markers);
  }
  REQUIRE(payloads->likely_logins() == 2);
  CHECK(payloads->likely_first(0) == 7);
  CHECK(payloads->likely_first(1) == 2 * static_cast<std::int64_t>(kLines) + 200'000);
  std::filesystem::resize_file(file, 1000);  // under our feet
  CHECK(payloads->at(150'000)[1].second.empty());
}

TEST_CASE("protocols/payloads: combinations of every attack") {
  struct Row {
    const char *yaml, *expected;
  };
  const Row rows[] = {
      {"payloads: {user: [a, b]}", "user=a user=b "},
      {"{attack: pitchfork, payloads: {user: [a, b, c], pass: [1, 2]}}",
       "user=a,pass=1 user=b,pass=2 "},
      {"{attack: clusterbomb, payloads: {user: [a, b], pass: [1, 2, 3]}}",
       "user=a,pass=1 user=a,pass=2 user=a,pass=3 user=b,pass=1 user=b,pass=2 user=b,pass=3 "},
      {"payloads: {user: [a], unused: [1, 2, 3]}", "user=a "},
      {"payloads: {word: {low: [a], medium: [b], high: [c]}}", "word=a "},
      {"payloads: {word: [007, 1.10, true, '1.10']}", "word=7 word=1.1 word=true word=1.10 "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    auto payloads = compile(row.yaml);
    REQUIRE(payloads.ok());
    CHECK(combinations(*payloads) == row.expected);
  }
  auto multi_line = compile("payloads:\n  word: |-\n    a\n\n    b\n");
  REQUIRE(multi_line.ok());
  CHECK(combinations(*multi_line) == "word=a word= word=b ");
}

TEST_CASE("protocols/payloads: none makes one empty combination") {
  auto payloads = compile("path: []");
  REQUIRE(payloads.ok());
  CHECK(payloads->empty());
  CHECK(payloads->combinations() == 1);
}

TEST_CASE("protocols/payloads: invalid ones are refused") {
  for (const char* text :
       {"payloads: {user: [a], pass: [b]}", "{attack: spray, payloads: {user: [a]}}",
        "payloads: {user: no/such/file.txt}", "payloads: {user: []}", "payloads: [a]"}) {
    CAPTURE(text);
    auto payloads = compile(text);
    REQUIRE_FALSE(payloads.ok());
    CHECK(payloads.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("protocols/payloads: the command line overrides attack and aggression") {
  protocols::CompileOptions options;
  options.attack = "pitchfork";
  options.aggression = "medium";
  auto payloads =
      compile("payloads: {user: [a, b], word: {low: [x], medium: [y], high: [z]}}", options);
  REQUIRE(payloads.ok());
  CHECK(combinations(*payloads) == "user=a,word=x user=b,word=y ");
}

TEST_CASE("protocols/payloads: files are looked for from the template upward, inside the root") {
  auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  REQUIRE(folder.ok());
  const std::filesystem::path root = std::filesystem::path(folder->path()) / "templates";
  write(root / "helpers/words.txt", "one\r\n\n two \nthree");
  write(root.parent_path() / "secret.txt", "x\n");
  write(root / "http/a/t.yaml", "");
  protocols::CompileOptions options;
  options.template_path = (root / "http/a/t.yaml").string();
  options.templates_root = root.string();

  auto payloads = compile("payloads: {word: helpers/words.txt}", options);
  REQUIRE(payloads.ok());
  CHECK(combinations(*payloads) == "word=one word= two  word=three ");

  auto denied = compile("payloads: {word: secret.txt}", options);
  REQUIRE_FALSE(denied.ok());
  CHECK(denied.error().message.find("denied") != std::string::npos);
  CHECK_FALSE(compile("payloads: {word: ../../../secret.txt}", options).ok());
  options.local_file_access = true;
  CHECK(compile("payloads: {word: secret.txt}", options).ok());

  options.templates_root.clear();  // a template elsewhere: ancestors are searched all the same
  CHECK(compile("payloads: {word: helpers/words.txt}", options).ok());
}

TEST_CASE("protocols/payloads: -var NAME=FILE is a list where NAME is used (templates 5.7)") {
  auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  REQUIRE(folder.ok());
  const std::filesystem::path file = std::filesystem::path(folder->path()) / "names.txt";
  write(file, "one\n\ntwo\n");
  protocols::CompileOptions options;
  options.variable_files = {{"user", file.string()}};
  auto used = compile("{body: 'u={{user}}', payloads: {user: [own]}}", options);
  REQUIRE(used.ok());
  CHECK(combinations(*used) == "user=one user=two ");
  auto beside = compile(
      "{attack: clusterbomb, headers: {X: '{{user}}{{p}}'}, payloads: {p: [a, b]}}", options);
  REQUIRE(beside.ok());
  CHECK(combinations(*beside) == "p=a,user=one p=a,user=two p=b,user=one p=b,user=two ");
  auto unused = compile("path: ['{{BaseURL}}/{{user}}']", options);
  REQUIRE(unused.ok());
  CHECK(unused->empty());
}
