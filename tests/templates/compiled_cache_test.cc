#include "templates/compiled_cache.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <utime.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "dsl/services.h"
#include "operators/operators.h"
#include "operators/packed_need.h"
#include "templates/catalog.h"

using namespace m8;
using namespace m8::templates;

namespace {

constexpr std::int64_t kLater = 4'000'000'000ll * 1'000'000'000;  // 2096

struct Folder {
  TempDirectory directory = *TempDirectory::create(std::filesystem::temp_directory_path().string());

  std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  void write(const std::string& name, const std::string& text, std::time_t modified) const {
    std::ofstream(path(name)) << text;
    const utimbuf times{modified, modified};
    REQUIRE(::utime(path(name).c_str(), &times) == 0);
  }
  CompiledCache::Options options(std::string program = "test") const {
    return {path("cache"), std::move(program), kLater};
  }
};

CompiledCache::Record record(std::string_view source, const std::string& digest) {
  return {source, digest, "needs", true};
}

/// A cache with records for the files a and b, which are there.
void make_cache(const Folder& folder) {
  folder.write("a", "A", 1000);
  folder.write("b", "B", 1000);
  CompiledCache cache(folder.options());
  const std::string a = CompiledCache::digest_of("A"), b = CompiledCache::digest_of("B");
  cache.put(folder.path("a"), *CompiledCache::stamp_of(folder.path("a")), record("tree of a", a));
  cache.put(folder.path("b"), *CompiledCache::stamp_of(folder.path("b")), record("tree of b", b));
  REQUIRE(cache.commit().ok());
}

std::string template_text(const std::string& id, const std::string& regex) {
  return "id: " + id + "\ninfo: {name: n, author: a, severity: low, tags: 't,{{randstr}}'}\n" +
         "http:\n  - path: ['{{BaseURL}}/{{randstr}}']\n    matchers:\n      - type: regex\n" +
         "        regex: ['" + regex + "']\n";
}

struct Loaded {
  Catalog catalog;
  std::vector<std::string> lines;
};

Loaded load(const Folder& folder, bool cached = true) {
  static dsl::Services services;
  LoadOptions options;
  options.root = folder.path("t");
  if (cached) options.cache = folder.options();
  options.cache_from = 1;
  auto catalog = load_catalog(options, services, {});
  REQUIRE(catalog.ok());
  Loaded out{std::move(catalog).value(), {}};
  for (const auto& one : out.catalog.templates)
    out.lines.push_back(one->info().id + " " + std::to_string(one->request_count()));
  for (const auto& one : out.catalog.invalid) out.lines.push_back(one.path + ": " + one.reason);
  return out;
}

std::string whole(const std::string& path) { return *read_file(path); }

}  // namespace

TEST_CASE("templates/compiled_cache: what was put is found by stamp, or by content") {
  const Folder folder;
  make_cache(folder);
  const CompiledCache cache(folder.options());
  CHECK(cache.state() == "ok");
  CHECK(cache.size() == 2);
  const auto stamp = *CompiledCache::stamp_of(folder.path("a"));
  const auto found = cache.find(folder.path("a"), stamp);
  REQUIRE(found);
  CHECK(found->source == "tree of a");
  CHECK(found->needs == "needs");
  CHECK(found->proven);
  CHECK(!cache.find(folder.path("a"), CompiledCache::Stamp{stamp.size, stamp.mtime_ns + 1}));
  CHECK(!cache.find(folder.path("a"), CompiledCache::Stamp{stamp.size + 1, stamp.mtime_ns}));
  CHECK(!cache.find(folder.path("c"), stamp));
  CHECK(cache.find(folder.path("b"), CompiledCache::digest_of("B"))->source == "tree of b");
  CHECK(!cache.find(folder.path("b"), CompiledCache::digest_of("A")));
}

TEST_CASE("templates/compiled_cache: records of files that are there stay, those of others go") {
  const Folder folder;
  make_cache(folder);
  folder.write("c", "C", 1000);
  std::filesystem::remove(folder.path("a"));
  {
    CompiledCache cache(folder.options());
    const std::string digest = CompiledCache::digest_of("C");
    cache.put(folder.path("c"), *CompiledCache::stamp_of(folder.path("c")), record("c", digest));
    REQUIRE(cache.commit().ok());
  }
  const CompiledCache cache(folder.options());
  CHECK(cache.size() == 2);
  CHECK(cache.find(folder.path("b"), CompiledCache::digest_of("B")));
  CHECK(cache.find(folder.path("c"), CompiledCache::digest_of("C")));
}

TEST_CASE("templates/compiled_cache: a file that changed just now is not kept") {
  const Folder folder;
  folder.write("a", "A", 1000);
  auto options = folder.options();
  options.now_ns = 1000ll * 1'000'000'000 + 1;
  CompiledCache cache(options);
  const std::string digest = CompiledCache::digest_of("A");
  cache.put(folder.path("a"), *CompiledCache::stamp_of(folder.path("a")), record("a", digest));
  CHECK(cache.commit().ok());
  CHECK(!std::filesystem::exists(folder.path("cache")));
}

TEST_CASE("templates/compiled_cache: one of another program is as if it were not there") {
  const Folder folder;
  make_cache(folder);
  const CompiledCache cache(folder.options("another"));
  CHECK(cache.state() == "of another program");
  CHECK(cache.size() == 0);
}

TEST_CASE("templates/compiled_cache: no changed byte and no missing one is believed") {
  const Folder folder;
  make_cache(folder);
  const std::string good = whole(folder.path("cache"));
  const auto stamp_a = *CompiledCache::stamp_of(folder.path("a"));
  const auto stamp_b = *CompiledCache::stamp_of(folder.path("b"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    CAPTURE(i);
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    std::ofstream(folder.path("cache")) << bad;
    const CompiledCache changed(folder.options());
    const auto a = changed.find(folder.path("a"), stamp_a);
    const auto b = changed.find(folder.path("b"), stamp_b);
    CHECK(!(a && b));
    if (a) CHECK(a->source == "tree of a");
    if (b) CHECK(b->source == "tree of b");
    std::ofstream(folder.path("cache")) << good.substr(0, i);
    CHECK(CompiledCache(folder.options()).size() == 0);
  }
}

TEST_CASE("templates/compiled_cache: a folder that can't be written is an error, and no more") {
  const Folder folder;
  folder.write("a", "A", 1000);
  CompiledCache cache({folder.path("none/cache"), "test", kLater});
  const std::string digest = CompiledCache::digest_of("A");
  cache.put(folder.path("a"), *CompiledCache::stamp_of(folder.path("a")), record("a", digest));
  const Status status = cache.commit();
  REQUIRE(!status.ok());
  CHECK(status.error().code == ErrorCode::kNotFound);
}

TEST_CASE("templates/catalog: loads the same with a cache, and random texts stay random") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml", template_text("a", "x(y)"), 1000);
  folder.write("t/b.yaml", template_text("b", "x("), 1000);
  folder.write("t/c.yaml", "id: c\nnonsense: 1\n", 1000);
  const Loaded plain = load(folder, false), first = load(folder), second = load(folder);
  CHECK(first.lines == plain.lines);
  CHECK(second.lines == plain.lines);
  CHECK(plain.lines.size() == 3);
  CHECK(plain.catalog.invalid.size() == 2);
  const CompiledCache cache(folder.options());
  const auto kept =
      cache.find(folder.path("t/a.yaml"), *CompiledCache::stamp_of(folder.path("t/a.yaml")));
  REQUIRE(kept);
  CHECK(kept->proven);
  CHECK(!cache.find(folder.path("t/b.yaml"), *CompiledCache::stamp_of(folder.path("t/b.yaml")))
             ->proven);
  CHECK(first.catalog.selected[0]->tags[1] != second.catalog.selected[0]->tags[1]);
  CHECK(second.catalog.selected[0]->tags[1].size() == 27);
}

TEST_CASE("templates/catalog: a changed file is read anew, a touched one is known") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml", template_text("a", "x"), 1000);
  load(folder);
  folder.write("t/a.yaml", template_text("b", "x"), 2000);
  CHECK(load(folder).lines == std::vector<std::string>{"b 1"});
  folder.write("t/a.yaml", template_text("b", "x"), 3000);
  CHECK(load(folder).lines == std::vector<std::string>{"b 1"});
  const CompiledCache cache(folder.options());
  CHECK(cache.find(folder.path("t/a.yaml"), *CompiledCache::stamp_of(folder.path("t/a.yaml"))));
}

TEST_CASE("templates/catalog: a broken cache is rebuilt") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml", template_text("a", "x"), 1000);
  load(folder);
  const std::string good = whole(folder.path("cache"));
  std::ofstream(folder.path("cache")) << good.substr(0, good.size() / 2);
  CHECK(load(folder).lines == std::vector<std::string>{"a 1"});
  CHECK(whole(folder.path("cache")) == good);
}

TEST_CASE("templates/proven: a template of the cache has its operators when they are needed") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml",
               "id: a\ninfo: {name: n, author: a, severity: low}\n"
               "http:\n  - path: ['{{BaseURL}}/']\n    matchers:\n"
               "      - {type: word, words: [one]}\n"
               "  - path: ['{{BaseURL}}/']\n    matchers:\n"
               "      - {type: status, status: [418]}\n",
               1000);
  const Loaded first = load(folder), second = load(folder);
  const auto needs = first.catalog.templates[0]->needs();
  REQUIRE(needs);
  CHECK(second.catalog.templates[0]->needs() == needs);
  const auto apart = split_needs(*needs);
  REQUIRE(apart.size() == 2);
  CHECK(operators::rules_out(apart[0], 200, "two"));
  CHECK(operators::rules_out(apart[1], 200, "one"));
  CHECK(split_needs(needs->substr(0, needs->size() - 1)).empty());

  const CompiledCache cache(folder.options());
  const std::string path = folder.path("t/a.yaml");
  const auto record = cache.find(path, *CompiledCache::stamp_of(path));
  REQUIRE(record);
  const auto proven = std::make_shared<const ProvenTemplate>(*unpack_source(record->source),
                                                             record->needs, cache.owner(), true);
  REQUIRE(proven->blocks() == 2);
  const auto compiled = proven->operators_of(1);
  REQUIRE(compiled.ok());
  CHECK(compiled->need().statuses == std::vector<std::int64_t>{418});
  CHECK(!proven->operators_of(2).ok());

  const auto& one = *second.catalog.templates[0];
  CHECK(one.info().id == "a");
  CHECK(one.info().severity == model::Severity::kLow);
  CHECK(one.info().name.empty());
  CHECK(one.whole_info()->name == "n");
  CHECK(one.whole_info()->path == path);
}

TEST_CASE("templates/proven: what is drawn anew for each run is no need of the next") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml",
               "id: a\ninfo: {name: n, author: a, severity: low}\n"
               "http:\n  - path: ['{{BaseURL}}/{{randstr}}']\n    matchers:\n"
               "      - {type: word, words: ['{{randstr}}']}\n",
               1000);
  for (int i = 0; i < 3; ++i) {
    const Loaded loaded = load(folder);
    REQUIRE(loaded.catalog.templates.size() == 1);
    const std::string needs = *loaded.catalog.templates[0]->needs();
    if (i > 0) CHECK(!operators::rules_out(split_needs(needs)[0], 200, "another text"));
  }
}

TEST_CASE("templates/workflow_loader: workflows and their steps are read from the cache, too") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("t"));
  folder.write("t/a.yaml", template_text("a", "x"), 1000);
  folder.write("w.yaml",
               "id: w\ninfo: {name: n, author: a, severity: info}\nworkflows:\n  - tags: t\n",
               1000);
  dsl::Services services;
  LoadOptions options;
  options.root = folder.path("t");
  options.workflows = {folder.path("w.yaml")};
  options.cache = folder.options();
  for (int i = 0; i < 2; ++i) {
    const auto catalog = load_catalog(options, services, {});
    REQUIRE(catalog.ok());
    REQUIRE(catalog->templates.size() == 1);
    CHECK(catalog->templates[0]->request_count() == 1);
    CHECK(catalog->invalid.empty());
    const CompiledCache cache(folder.options());
    CHECK(cache.size() == 2);
  }
}
