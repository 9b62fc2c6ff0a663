#include "enum_stages.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/environment.h"
#include "cli/make_flag.h"
#include "enumerate/mask.h"
#include "enumerate/permute.h"
#include "fleet/flags.h"
#include "net/rate_limiter.h"

namespace m8::asmm8 {
namespace {

using enumerate::Permutations;

std::string temp_folder() {
  const std::string chosen = cli::environment("TMPDIR");
  return chosen.empty() ? "/tmp" : chosen;
}

Result<std::vector<enumerate::Mask>> masks_of(const cli::Values& flags) {
  std::vector<enumerate::Mask> masks;
  for (const std::string& text : flags.list("mask")) {
    auto mask = enumerate::Mask::parse(text);
    if (!mask.ok()) return mask.error().with_context("--mask " + text);
    masks.push_back(std::move(*mask));
  }
  return masks;
}

/// Runs that nobody went on with for a month.
void drop_old(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24 * 30);
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (fs::last_write_time(entry->path(), unreadable) < old && !unreadable)
      paths.push_back(entry->path());
  }
  for (const fs::path& path : paths) fs::remove(path, error);
}

/// Each Nth word of another source.
class SlicedWords final : public enumerate::WordSource {
 public:
  SlicedWords(std::unique_ptr<enumerate::WordSource> all, fleet::Slice slice)
      : all_(std::move(all)), slice_(slice) {}
  Result<std::optional<std::string_view>> next() override {
    for (;;) {
      auto word = all_->next();
      if (!word.ok() || !*word || slice_.has(at_++)) return word;
    }
  }
  std::optional<std::size_t> size() const override {
    const auto all = all_->size();
    if (!all) return all;
    const auto of = static_cast<std::size_t>(slice_.of);
    return (*all + of - 1 - static_cast<std::size_t>(slice_.number)) / of;
  }

 private:
  const std::unique_ptr<enumerate::WordSource> all_;
  const fleet::Slice slice_;
  std::size_t at_ = 0;
};

std::unique_ptr<enumerate::WordSource> sliced(std::unique_ptr<enumerate::WordSource> words,
                                              fleet::Slice slice) {
  if (slice.of == 1) return words;
  return std::make_unique<SlicedWords>(std::move(words), slice);
}

/// --deep stands for all that asks more of the zones themselves.
bool wanted(const cli::Values& flags, const char* stage) {
  return flags.on(stage) || flags.on("deep");
}

}  // namespace

Stages::Stages(const std::vector<net::Name>& domains, const net::Scope& scope)
    : domains_(domains), scope_(scope), learned_(domains) {}

Stages::~Stages() { end(); }

Result<std::unique_ptr<Stages>> Stages::create(const cli::Values& flags,
                                               const std::vector<net::Name>& domains,
                                               const net::Scope& scope,
                                               const std::stop_token& stop) {
  std::unique_ptr<Stages> stages(new Stages(domains, scope));
  M8_TRY(stages->configure(flags, stop));
  return stages;
}

// ---- set up -------------------------------------------------------------------------------------

Status Stages::configure(const cli::Values& flags, const std::stop_token& stop) {
  M8_TRY(configure_words(flags, stop));
  M8_TRY(configure_permutations(flags));
  return configure_zones(flags);
}

Status Stages::configure_words(const cli::Values& flags, const std::stop_token& stop) {
  list_ = M8_TRY(WordList::open(flags.text("wordlist"), temp_folder(), stop));
  const fleet::Slice slice = M8_TRY(fleet::slice_of(flags));
  auto words = sliced(M8_TRY(list_.words()), slice);
  const auto size = words->size();
  plan_.push_back(
      fmt::format("words      {}{}", list_.shown(), size ? fmt::format(" ({})", *size) : ""));
  words_.emplace(domains_, std::move(words));
  numbered_.add(*words_);
  std::size_t names = size.value_or(0);
  if (auto masks = M8_TRY(masks_of(flags)); !masks.empty()) {
    auto values = sliced(std::make_unique<enumerate::MaskWords>(std::move(masks)), slice);
    masks_known_ = values->size().value_or(0);
    names += masks_known_;
    plan_.push_back(fmt::format("masks      {}", values->size().value_or(0)));
    masks_.emplace(domains_, std::move(values), "mask");
    numbered_.add(*masks_);
  }
  if (size) plan_.push_back(fmt::format("names      {}", domains_.size() * (names + 1)));
  if (!flags.on("recurse") && !flags.given("recurse-depth")) return {};
  const int depth = flags.number<int>("recurse-depth");
  recursion_ = std::make_unique<enumerate::Recursion>(
      domains_, [this] { return list_.words(); }, enumerate::Recursion::Options{.depth = depth});
  plan_.push_back(fmt::format("recursion  {} deep", depth));
  return {};
}

Status Stages::configure_permutations(const cli::Values& flags) {
  if (!wanted(flags, "permute")) return {};
  auto config = enumerate::PermuteConfig::built_in();
  if (const std::string path = flags.text("permute-config"); !path.empty()) {
    auto parsed = enumerate::PermuteConfig::parse(M8_TRY(read_file(path, 16u << 20)));
    if (!parsed.ok()) return parsed.error().with_context(path);
    config = std::move(*parsed);
  }
  Permutations::Options options;
  options.budget = flags.number<std::uint64_t>("permute-budget");
  options.min_rate = flags.number<double>("permute-min-rate") / 10'000;
  options.step = flags.number<int>("permute-step");
  permutations_ = M8_TRY(Permutations::create(domains_, config, options));
  plan_.push_back(fmt::format("permute    up to {}", options.budget));
  return {};
}

Status Stages::configure_zones(const cli::Values& flags) {
  enumerate::ZoneQuestions::Options options;
  options.services = wanted(flags, "srv");
  options.nsec = wanted(flags, "nsec");
  options.mentions = wanted(flags, "learn");
  std::string asked;
  for (const char* stage : {"axfr", "nsec", "srv", "learn"}) {
    if (wanted(flags, stage)) asked += std::string(asked.empty() ? "" : ", ") + stage;
  }
  if (asked.empty() && !recursion_) return {};
  if (!asked.empty()) plan_.push_back("zones      " + asked);
  if (wanted(flags, "axfr") && !flags.on("dry-run")) {
    transfers_ = std::make_unique<enumerate::ZoneTransfers>(
        learned_, scope_, flags.rate("rate"), flags.number<std::uint16_t>("axfr-port"),
        SystemClock::instance());
    options.server = [this](const std::string& zone, const net::IpAddress& ip) {
      transfers_->add(zone, ip);
    };
  }
  zones_ = std::make_unique<enumerate::ZoneQuestions>(domains_, learned_, std::move(options));
  return {};
}

Result<std::uint64_t> Stages::count_words() const { return masks_known_ + M8_TRY(list_.count()); }

std::string Stages::plan() const {
  std::string text;
  for (const std::string& line : plan_) text += line + "\n";
  return text;
}

// ---- a run --------------------------------------------------------------------------------------

void Stages::remember(const model::Run& run, const store::Continuation& continuation) {
  if (continuation.key.empty() || run.id == 0) return;
  const std::string folder = cli::data_home() + "/m8/tried";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  drop_old(folder);
  // Several stores may have a run of this number.
  const auto begun = std::chrono::floor<std::chrono::milliseconds>(run.started.time_since_epoch());
  const std::string name = fmt::format("{}-{}", run.id, begun.count());
  auto tried = enumerate::Tried::open(folder + "/" + name, continuation.resume != 0);
  if (!tried.ok())
    return log::get("enum")->info("{}: a killed run tries more again", tried.error().message);
  tried_ = std::move(*tried);
  if (!zones_) return;
  auto walks = enumerate::WalkLog::open(folder + "/" + name + ".nsec", continuation.resume != 0);
  if (!walks.ok()) return;
  walks_ = std::move(*walks);
  zones_->remember(*walks_);
}

void Stages::add(enumerate::Merge& candidates, enumerate::CandidateSource& source) {
  if (!tried_) return candidates.add(source);
  untried_.push_back(std::make_unique<enumerate::Untried>(source, *tried_));
  candidates.add(*untried_.back());
}

Status Stages::join(enumerate::Merge& candidates, enumerate::CandidateSource& passive,
                    EnumInventory& inventory, model::Sink& sink) {
  add(candidates, passive);
  inventory.add_known(candidates, sink);
  add(candidates, learned_);
  if (zones_) candidates.add(*zones_);
  inventory.add_words(candidates, numbered_);
  if (recursion_) add(candidates, *recursion_);
  if (permutations_) add(candidates, *permutations_);
  if (tried_) candidates.add(*tried_);
  return {};
}

void Stages::keep(std::function<Status()> flush) {
  if (!tried_) return;
  flush_ = std::move(flush);
  keeper_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!never.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; })) {
      if (stop.stop_requested()) return;
      save();
    }
  });
}

// ---- ends ---------------------------------------------------------------------------------------

void Stages::end() {
  if (transfers_) transfers_->end();
  if (!keeper_.joinable()) return;
  keeper_.request_stop();
  keeper_.join();
  save();
}

/// What can't be written is tried again by the run that goes on.
void Stages::save() {
  (void)tried_->save(flush_);
  if (walks_) (void)walks_->save();
}

void Stages::count(model::Run& run) const {
  auto& counts = run.counts;
  counts["invalid_words"] =
      words_->invalid_words() + (masks_ ? masks_->invalid_words() : std::size_t{0});
  for (const auto& [origin, names] : learned_.taken()) counts["learned." + origin] = names;
  if (recursion_) counts["recursion.zones"] = recursion_->zones();
  if (transfers_) {
    counts["axfr.tried"] = transfers_->counts().tried;
    counts["axfr.open"] = transfers_->counts().open;
  }
  if (zones_) {
    counts["zones"] = zones_->counts().zones;
    counts["nsec.walked"] = zones_->counts().walked;
    counts["nsec.ended"] = zones_->counts().walks_ended;
    counts["nsec3.zones"] = zones_->counts().nsec3;
  }
  std::uint64_t skipped = 0;
  for (const auto& source : untried_) skipped += source->skipped();
  if (skipped > 0) counts["resumed"] += skipped;
  if (!permutations_) return;
  counts["permute.made"] = permutations_->made();
  counts["permute.found"] = permutations_->hits();
  counts["permute.ended_by_budget"] = permutations_->end() == Permutations::End::kBudget;
  counts["permute.ended_by_min_rate"] = permutations_->end() == Permutations::End::kMinRate;
  log::get("enum")->info("permutations: {} made, {} found: {}", permutations_->made(),
                         permutations_->hits(), permutations_->why());
}

void Stages::forget() {
  if (tried_) tried_->remove();
  if (walks_) walks_->remove();
}

// ---- flags --------------------------------------------------------------------------------------

namespace {

cli::Flag flag(std::string name, std::vector<std::string> aliases, const char* section,
               std::string brief) {
  return cli::switched(section, std::move(name), std::move(aliases), std::move(brief));
}

cli::Flag number_flag(std::string name, const char* initial, long long max, const char* section,
                      std::string brief) {
  return cli::with_default(
      cli::typed(cli::valued(section, std::move(name), {}, "N", std::move(brief)),
                 cli::ValueType::number(0, max)),
      initial);
}

std::vector<cli::Flag> word_flags() {
  cli::Flag words = flag("wordlist", {"w"}, "Brute force", "words to try under each domain");
  words.argument = "FILE";
  words.complete = cli::Complete::kFile;
  words.common = true;
  words.detail =
      "One word a line, read as it is needed; - is stdin, if the domains are not read from it. "
      "Without it a list of some hundred common labels is built in.";
  cli::Flag mask = flag("mask", {}, "Brute force", "try these labels, such as web-?d?d");
  mask.argument = "MASK";
  mask.repeatable = true;
  mask.detail =
      "As in hashcat: ?d is a digit, ?l a letter, ?a either, ?h a hexadecimal digit, ?? a question "
      "mark; all else stands for itself. They come after the words.";
  cli::Flag recursive = flag("recurse", {}, "Brute force",
                             "try the words under names that have names below them, too");
  recursive.detail = "Or name servers of their own. Words only, not masks.";
  cli::Flag depth = number_flag("recurse-depth", "2", 100, "Brute force",
                                "labels below the domain, up to which --recurse goes");
  return {words, mask, recursive, depth};
}

std::vector<cli::Flag> permute_flags() {
  const char* section = "Permutations";
  cli::Flag permute = flag("permute", {}, section, "try names made of those that are found");
  permute.common = true;
  permute.detail =
      "By patterns (see asmm8-permute(1)), numbers up and down in their width, and words, numbers "
      "and patterns learned from what is found. What finds most goes first.";
  cli::Flag config =
      flag("permute-config", {}, section, "patterns and payloads, as alterx has them");
  config.argument = "FILE";
  config.complete = cli::Complete::kFile;
  cli::Flag budget = number_flag("permute-budget", "100000", 1LL << 40, section,
                                 "try so many permutations at most");
  cli::Flag rate = number_flag("permute-min-rate", "10", 10'000, section,
                               "end when fewer than so many of 10,000 are found");
  rate.detail =
      "Measured on the last 2,000 that were tried. 0: never. The summary says why it ended.";
  cli::Flag step = number_flag("permute-step", "3", 1000, section, "how far numbers are moved");
  return {permute, config, budget, rate, step};
}

std::vector<cli::Flag> zone_flags() {
  const char* section = "Zones";
  cli::Flag learn =
      flag("learn", {}, section, "try names that MX, NS, TXT, CAA, SOA and CNAME records mention");
  learn.detail =
      "Of the domains, of zones below them, and of every name that is found. In scope only.";
  cli::Flag srv =
      flag("srv", {}, section, "ask for common service names (_ldap._tcp and the like)");
  cli::Flag nsec = flag("nsec", {}, section, "walk the NSEC chain of signed zones");
  nsec.detail = "Up to 100,000 names a zone. A zone with NSEC3 hides its names; it is counted.";
  cli::Flag axfr = flag("axfr", {}, section, "ask the zones' name servers for all of it");
  axfr.detail =
      "Over TCP, one at a time. Nearly all refuse. Name servers outside the scope are not asked.";
  cli::Flag port = number_flag("axfr-port", "53", 65535, section, "port of the name servers");
  cli::Flag deep = flag("deep", {}, section, "--permute, --learn, --srv, --nsec and --axfr");
  deep.common = true;
  return {learn, srv, nsec, axfr, port, deep};
}

}  // namespace

std::vector<cli::Flag> stage_flags() {
  std::vector<cli::Flag> flags;
  for (auto more : {word_flags(), permute_flags(), zone_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace m8::asmm8
