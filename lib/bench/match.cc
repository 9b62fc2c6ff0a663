/// `m8 bench match`: one pass over an answer for the literals of all templates, ours against
/// Vectorscan (the library of the distribution, if it is installed).
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/yaml.h"
#include "bench/registry.h"
#include "cli/make_flag.h"
#include "match/literal_index.h"
#include "operators/need.h"

namespace m8::bench {
namespace {

constexpr int kPasses = 300;  // over all texts, for one measurement
/// What others give up in speed for not having to build for a third of a second.
constexpr double kMostOfPeer = 1.5;

/// The five calls of Vectorscan that are needed; its header is not.
class Vectorscan {
 public:
  static Result<Vectorscan> load() {
    Vectorscan out;
    out.library_.reset(::dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL));
    if (!out.library_) {
      return Error{ErrorCode::kNotFound, "no Vectorscan (apt install libvectorscan5)"};
    }
    const bool whole =
        out.find("hs_compile_lit_multi", out.compile_) &&
        out.find("hs_alloc_scratch", out.allocate_) && out.find("hs_scan", out.scan_) &&
        out.find("hs_free_scratch", out.release_) && out.find("hs_free_database", out.free_);
    if (!whole) return Error{ErrorCode::kNotFound, "this libhs lacks what is needed"};
    return out;
  }
  Status build(const std::vector<std::string>& literals) {
    constexpr unsigned kSingleMatch = 8, kBlockMode = 1;
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    std::vector<unsigned> flags(literals.size(), kSingleMatch), numbers;
    for (const std::string& literal : literals) {
      numbers.push_back(static_cast<unsigned>(texts.size()));
      texts.push_back(literal.data());
      sizes.push_back(literal.size());
    }
    void *database = nullptr, *scratch = nullptr, *error = nullptr;
    const auto count = static_cast<unsigned>(literals.size());
    const int failed = compile_(texts.data(), flags.data(), numbers.data(), sizes.data(), count,
                                kBlockMode, nullptr, &database, &error);
    if (failed != 0) return Error{ErrorCode::kInternal, "Vectorscan refuses the literals"};
    database_ = {database, free_};
    if (allocate_(database, &scratch) != 0)
      return Error{ErrorCode::kExhausted, "Vectorscan has no memory"};
    scratch_ = {scratch, release_};
    return {};
  }

  void scan(std::string_view text, std::vector<char>& present) const {
    (void)scan_(database_.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_.get(),
                &on_match, &present);
  }

 private:
  struct Close {
    void operator()(void* library) const { ::dlclose(library); }
  };
  using OnMatch = int(unsigned, unsigned long long, unsigned long long, unsigned, void*);

  Vectorscan() = default;
  static int on_match(unsigned number, unsigned long long, unsigned long long, unsigned,
                      void* present) {
    (*static_cast<std::vector<char>*>(present))[number] = 1;
    return 0;
  }
  template <typename Call>
  bool find(const char* name, Call*& call) {
    call = reinterpret_cast<Call*>(::dlsym(library_.get(), name));
    return call != nullptr;
  }

  std::unique_ptr<void, Close> library_;
  int (*compile_)(const char* const*, const unsigned*, const unsigned*, const std::size_t*,
                  unsigned, unsigned, const void*, void**, void**) = nullptr;
  int (*allocate_)(const void*, void**) = nullptr;
  int (*scan_)(const void*, const char*, unsigned, unsigned, void*, OnMatch*, void*) = nullptr;
  int (*release_)(void*) = nullptr;
  int (*free_)(void*) = nullptr;
  using Handle = std::unique_ptr<void, int (*)(void*)>;
  Handle database_{nullptr, nullptr}, scratch_{nullptr, nullptr};
};

/// The words under \p node's matchers, as a scan looks for them.
void collect_words(const yaml::Node& node, std::set<std::string>& words) {
  for (const auto& [key, value] : node.members()) {
    if (key != "words") {
      collect_words(value, words);
      continue;
    }
    for (const yaml::Node& word : value.items())
      if (word.is_scalar() && !word.text().empty()) words.insert(operators::folded(word.text()));
  }
  for (const yaml::Node& item : node.items()) collect_words(item, words);
}

/// Words such as matchers have, where there are no templates.
std::vector<std::string> made_words() {
  static constexpr const char* kParts[] = {"<title>", "login",   "admin", "panel", "version",
                                           "X-",      "powered", "by ",   "/wp-",  "content"};
  std::vector<std::string> out;
  for (int i = 0; i < 5000; ++i)
    out.push_back(operators::folded(fmt::format("{}{}{}", kParts[i % 10], i, kParts[i / 10 % 10])));
  return out;
}

Result<std::vector<std::string>> words_of(const std::string& folder) {
  if (folder.empty()) return made_words();
  std::set<std::string> words;
  std::error_code failed;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, failed)) {
    if (entry.path().extension() != ".yaml") continue;
    auto document = yaml::parse(M8_TRY(read_file(entry.path().string())));
    if (document.ok()) collect_words(*document, words);
  }
  if (words.empty()) return Error{ErrorCode::kNotFound, folder + ": no templates with words"};
  return std::vector<std::string>(words.begin(), words.end());
}

/// Answers of the sizes that a scan sees most: not found, a first page, a long page.
std::vector<std::string> answers() {
  const std::string head =
      "HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n"
      "Connection: keep-alive\r\n\r\n<html>\r\n<head><title>404 Not Found</title></head>\r\n";
  std::string page = head;
  for (int i = 0; page.size() < 8192; ++i)
    page += fmt::format("<p class=\"text\">Line {} of a page, with <a href=\"/l{}\">links</a>.\n",
                        i, i);
  std::vector<std::string> out{operators::folded(head), operators::folded(page.substr(0, 1024)),
                               operators::folded(page)};
  return out;
}

/// Microseconds for an answer, by \p scan(text, present).
template <typename Scan>
double time_answers(const Context& context, const std::vector<std::string>& texts,
                    std::size_t literals, Scan scan) {
  std::vector<char> present(literals);
  const SteadyTime begin = context.clock.now();
  for (int pass = 0; pass < kPasses; ++pass) {
    for (const std::string& text : texts) {
      std::fill(present.begin(), present.end(), 0);
      scan(text, present);
    }
  }
  const std::chrono::duration<double, std::micro> took = context.clock.now() - begin;
  return took.count() / kPasses / static_cast<double>(texts.size());
}

double milliseconds_since(const Context& context, SteadyTime begin) {
  return std::chrono::duration<double, std::milli>(context.clock.now() - begin).count();
}

/// Both find the same in each text.
Status check(const match::LiteralIndex& ours, const Vectorscan& peer,
             const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    std::vector<char> mine(ours.size()), theirs(ours.size());
    ours.scan(text, [&mine](std::uint32_t number) { mine[number] = 1; });
    peer.scan(text, theirs);
    if (mine != theirs) return Error{ErrorCode::kInternal, "the two find different literals"};
  }
  return {};
}

Result<Report> run(const Context& context) {
  const std::string folder = context.flags.text("templates");
  const std::vector<std::string> literals = M8_TRY(words_of(folder));
  const std::vector<std::string> texts = answers();
  Report report("match");
  Row& pass = report.row("a pass over an answer", "us");
  Row& building = report.row("building", "ms");
  SteadyTime begin = context.clock.now();
  match::LiteralIndex index;
  for (const std::string& literal : literals) index.add(literal);
  index.build();
  building.ours.add(milliseconds_since(context, begin));
  auto peer = Vectorscan::load();
  if (peer.ok()) {
    begin = context.clock.now();
    M8_TRY(peer->build(literals));
    building.peer.add(milliseconds_since(context, begin));
    pass.peer_name = building.peer_name = "Vectorscan";
    // Words that were made are no measure of either.
    if (!folder.empty()) pass.bar = Bar::ratio_at_most(kMostOfPeer);
    M8_TRY(check(index, *peer, texts));
  } else {
    report.note(peer.error().message);
  }
  const auto ours = [&] {
    pass.ours.add(time_answers(context, texts, literals.size(), [&](auto text, auto& present) {
      index.scan(text, [&present](std::uint32_t number) { present[number] = 1; });
    }));
    return Status();
  };
  const auto theirs = [&] {
    pass.peer.add(time_answers(context, texts, literals.size(),
                               [&](auto text, auto& present) { peer->scan(text, present); }));
    return Status();
  };
  M8_TRY(alternate(context, ours, peer.ok() ? std::function<Status()>(theirs) : nullptr));
  report.note(fmt::format("{} literals; answers of {}, {} and {} bytes, folded", literals.size(),
                          texts[0].size(), texts[1].size(), texts[2].size()));
  return report;
}

std::vector<cli::Flag> flags() {
  return {cli::valued("Benchmark", "templates", {}, "DIR", "whose words are the literals")};
}

}  // namespace

extern const Workload kMatch;
const Workload kMatch{"match", "one pass for the literals of all templates", flags, run};

}  // namespace m8::bench
