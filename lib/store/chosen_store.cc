#include "store/chosen_store.h"

#include "cli/environment.h"
#include "store/run_store.h"

namespace m8::store {

cli::Flag store_flag() {
  for (cli::Flag& flag : store_flags()) {
    if (flag.name == "store") return std::move(flag);
  }
  return {};
}

std::string chosen_url(const cli::Values& flags) {
  if (std::string url = flags.text("store"); !url.empty()) return url;
  return default_store_url(cli::environment("XDG_DATA_HOME"), cli::environment("HOME"));
}

Result<std::unique_ptr<Store>> open_chosen(const cli::Values& flags, OpenOptions options) {
  if (flags.text("store").empty()) options.create_parents = true;
  auto opened = open_store(chosen_url(flags), options);
  if (!opened.ok() && opened.error().code == ErrorCode::kNotFound && options.must_exist) {
    return Error{ErrorCode::kNotFound, "nothing was stored yet: " + opened.error().message +
                                           " (asmm8 domain add and asmm8 enum make a store)"};
  }
  return opened;
}

}  // namespace m8::store
