#include "store/chosen_store.h"

#include "cli/environment.h"
#include "store/settings.h"

namespace m8::store {

std::string chosen_url(const cli::Values& flags) {
  if (std::string url = flags.text("store"); !url.empty()) return url;
  return default_store_url(cli::data_home());
}

Result<std::unique_ptr<Store>> open_chosen(const cli::Values& flags, OpenOptions options) {
  if (flags.text("store").empty()) options.create_parents = true;
  auto opened = open_store(chosen_url(flags), open_options(flags, options));
  if (!opened.ok() && opened.error().code == ErrorCode::kNotFound && options.must_exist) {
    return Error{ErrorCode::kNotFound, "nothing was stored yet: " + opened.error().message +
                                           " (asmm8 domain add and asmm8 enum make a store)"};
  }
  return opened;
}

}  // namespace m8::store
