/// Settings: what the user configured for sources: keys, base URLs, rates.
///
/// Plain values and functions; any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

struct Settings {
  std::vector<std::string> keys;
  std::string url;   ///< base URL in place of the source's own: another instance, a proxy, a test
  std::string rate;  ///< as net::Rate::parse() reads it, in place of the source's own
};
/// By name of the source.
using AllSettings = std::map<std::string, Settings, std::less<>>;

/// Value of an environment variable, empty if unset.
using Environment = std::function<std::string(const std::string& name)>;

/// Reads sources.yaml: a map of a source's name to its keys, as subfinder's provider-config.yaml
/// is, or to {keys: [...], url: ..., rate: ...}. A key "$NAME" or "${NAME}" is the variable's
/// value. Names in lower case. Sources that are not known here are kept: see unknown_names().
/// kInvalidArgument "line N: ...", without any value.
Result<AllSettings> parse_settings(std::string_view yaml, const Environment& environment);

/// The keys in M8_SOURCE_<NAME>_KEY, separated by commas, in place of those that \p settings has.
void add_environment(AllSettings& settings, const Environment& environment);

/// "M8_SOURCE_CRTSH_KEY".
std::string key_variable(std::string_view source);

/// Sets \p member for each of \p assignments, "name=value", where name is a known source.
/// kInvalidArgument "--source-url: ..." with \p what in front.
Status assign(AllSettings& settings, const std::vector<std::string>& assignments,
              std::string Settings::*member, std::string_view what);

/// Names in \p settings that are no source's.
std::vector<std::string> unknown_names(const AllSettings& settings);

/// Which sources a run asks.
struct Selection {
  std::vector<std::string> only;     ///< named: nothing but these; empty = all that can be asked
  std::vector<std::string> exclude;  ///< never these
  bool recursive = false;            ///< only those that can be asked about names below a domain
};

/// A source with what the user configured for it.
struct Chosen {
  const Source* source = nullptr;
  Settings settings;
  bool named = false;  ///< by Selection::only

  bool lacks_key() const { return source->key == Key::kRequired && settings.keys.empty(); }
};

/// The sources of \p selection, in the registry's order. Without names: those that need no key or
/// have one. kInvalidArgument for an unknown name (with the nearest known one).
Result<std::vector<Chosen>> choose(const Selection& selection, const AllSettings& settings);

}  // namespace m8::enumerate::sources
