#include "enum_inventory.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "cli/shell_words.h"
#include "enumerate/words.h"
#include "inventory.h"
#include "store/run_key.h"

namespace m8::asmm8 {
namespace {

/// The flags that say what is tried.
constexpr const char* kOptions[] = {"permute", "permute-step", "recurse", "recurse-depth", "learn",
                                    "srv",     "nsec",         "axfr",    "deep"};

}  // namespace

std::vector<cli::Flag> enum_inventory_flags() {
  cli::Flag stored = inventory_flag("stored", {}, "Input", "all enabled domains of the store");
  stored.detail = "As asmm8 domain add and enable left them; besides those that are given.";
  cli::Flag no_recheck =
      inventory_flag("no-recheck", {}, "Input", "do not ask again for the names that are known");
  no_recheck.common = false;
  no_recheck.detail =
      "Without it every stored name of the domains is asked again, so that what is gone or has "
      "returned is known. A name is gone when it was denied twice.";
  cli::Flag only_new =
      inventory_flag("only-new", {}, "Output", "print only names that were never seen before");
  only_new.detail = "For cron: nothing is printed when there is no news. Everything is stored.";
  cli::Flag resume = inventory_flag("resume", {}, "Input", "go on with a run that did not end");
  resume.argument = "RUN";
  resume.type = cli::ValueType::number(1, 1'000'000'000'000);
  resume.detail =
      "With the same domains, lists and options (which of them changed is told): what was tried is "
      "not tried again, but for the last half second before a kill, and what got no answer. A file "
      "of -o is added to.";
  return {stored, no_recheck, only_new, resume};
}

std::string known_names_plan(const cli::Values& flags) {
  if (flags.on("no-store")) return "store      none\n";
  return flags.on("no-recheck") ? "" : "known      names of earlier runs are asked for again\n";
}

Result<std::vector<net::Name>> stored_domains(const cli::Values& flags) {
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  if (!M8_TRY(store->any_domain_enabled())) {
    return Error{ErrorCode::kNotFound,
                 "--stored: no domain is enabled: asmm8 domain add or enable one"};
  }
  std::vector<net::Name> domains;
  M8_TRY(store->for_each_domain({.enabled_only = true}, [&domains](const model::Domain& domain) {
    domains.push_back(net::Name::trusted(domain.name));
    return Status();
  }));
  return domains;
}

Result<store::Continuation> continuation_of(const cli::Values& flags,
                                            const std::vector<net::Name>& domains,
                                            const std::string& words) {
  store::Continuation continuation;
  continuation.resume = flags.number<std::int64_t>("resume");
  store::RunKey key;
  std::vector<std::string> texts;
  for (const net::Name& domain : domains) texts.push_back(domain.text());
  key.add("domains", texts);
  if (words.empty()) {
    const auto labels = enumerate::common_labels();
    key.add("words", {labels.begin(), labels.end()});
  } else {
    M8_TRY(key.add_file("words", words));
  }
  key.add("masks", flags.list("mask"));
  M8_TRY(key.add_file("scope", flags.text("scope")));
  key.add("exclusions", flags.list("exclude"));
  M8_TRY(key.add_file("patterns", flags.text("permute-config")));
  texts.clear();
  for (const char* option : kOptions) texts.push_back(flags.text(option));
  key.add("options", texts);
  continuation.key = key.text();
  if (!continuation.key.empty() || continuation.resume == 0) return continuation;
  return Error{ErrorCode::kInvalidArgument, "--resume: a list that is a pipe can't be read again"};
}

Status ShownNames::keep_back_known(store::Store& store, const std::vector<net::Name>& domains,
                                   WallTime started) {
  for (const net::Name& domain : domains) {
    store::HostnameFilter filter;
    filter.domain = domain.text();
    M8_TRY(store.for_each_hostname(filter, [&](const model::Hostname& record) {
      if (record.first_seen < started) known_.push_back(seeded_hash(record.hostname));
      return Status();
    }));
  }
  std::sort(known_.begin(), known_.end());
  return {};
}

Status ShownNames::hostname(const model::Hostname& record) {
  if (!record.live) return {};
  const std::uint64_t hash = seeded_hash(record.hostname);
  if (std::binary_search(known_.begin(), known_.end(), hash)) return {};
  return inner_.hostname(record);
}

EnumInventory::EnumInventory(const cli::Values& flags, const std::vector<net::Name>& domains,
                             store::RunStore* store, const model::Run& run)
    : domains_(domains),
      store_(store),
      recheck_(store != nullptr && !flags.on("no-recheck")),
      run_(run.id),
      resumed_(store != nullptr && flags.given("resume")) {}

void EnumInventory::add_known(enumerate::Merge& candidates, model::Sink& sink) {
  if (!recheck_) return;
  inventory_ = std::make_unique<store::StoreInventory>(store_->store(), run_);
  known_ =
      std::make_unique<enumerate::KnownNames>(domains_, *inventory_, sink, SystemClock::instance());
  candidates.add(*known_);
}

void EnumInventory::add_words(enumerate::Merge& candidates, enumerate::CandidateSource& words) {
  if (!store_) return candidates.add(words);
  journaled_ = std::make_unique<enumerate::Journaled>(words, store_->journal());
  candidates.add(*journaled_);
}

Status EnumInventory::each_found(const std::function<void(const model::Hostname&)>& visit) const {
  if (!resumed_) return {};
  for (const net::Name& domain : domains_) {
    store::HostnameFilter filter;
    filter.domain = domain.text();
    filter.seen_by = run_;
    filter.live_only = true;
    M8_TRY(store_->store().for_each_hostname(filter, [&visit](const model::Hostname& record) {
      visit(record);
      return Status();
    }));
  }
  return {};
}

void EnumInventory::count(model::Run& run) const {
  if (known_) {
    run.counts["known"] = known_->asked();
    run.counts["gone"] = known_->gone();
  }
  if (journaled_ && journaled_->skipped() > 0) run.counts["resumed"] = journaled_->skipped();
}

std::string resume_command(const cli::Context& context, const model::Run& run) {
  std::vector<std::string> words{context.program};
  for (std::size_t i = 0; i < context.arguments.size(); ++i) {
    const std::string& word = context.arguments[i];
    if (word == "--resume" || word == "-resume") {
      ++i;
    } else if (!word.starts_with("--resume=") && !word.starts_with("-resume=")) {
      words.push_back(word);
    }
  }
  words.insert(words.end(), {"--resume", std::to_string(run.id)});
  return cli::shell_words(words);
}

}  // namespace m8::asmm8
