/// Source: a passive source, as data: where to ask, with which key, and where its answers have
/// names.
///
/// Most sources are nothing but such a record; what a record can't say is a function over Query.
/// One record a file; registry.cc lists them. Constant; any thread.
#pragma once

#include <string_view>

#include "base/result.h"

namespace m8::enumerate::sources {

class Query;

enum class Key : unsigned char {
  kNone,      ///< takes no key
  kOptional,  ///< answers without one too, with less
  kRequired,
};

/// What a reply is made of.
enum class Form : unsigned char {
  kJson,       ///< one document
  kJsonLines,  ///< one document a line
  kLines,      ///< plain text; a page of HTML instead of it is a failure
  kText,       ///< anything, HTML too: names are where they are found
};

/// One request. These are templates: {domain}, {key}, {page}, {cursor} and what Query::set() names
/// stand for values, encoded as their place asks; {apex} is the registrable domain. {id} and
/// {secret} are the halves of a key that is written "id:secret", {key64} is the key in base64. A
/// query parameter or header whose placeholder is empty is left out.
struct Ask {
  std::string_view path = {};  ///< from the base URL on: "/v1/search?q={domain}"
  std::string_view body =
      {};  ///< not empty: sent by POST, as JSON unless the headers say otherwise
};

struct Source {
  std::string_view name;  ///< as subfinder calls it, where it knows it
  std::string_view url;   ///< base URL: scheme://host; may hold {id} for keys that name their host
  Key key = Key::kNone;
  std::string_view rate = {};     ///< what it allows, "4/m"; empty = unlimited, one after the other
  bool recursive = false;         ///< can be asked about a name below a domain too
  std::string_view headers = {};  ///< template, one a line: "Authorization: Bearer {key}"
  Ask ask = {};
  Form form = Form::kJson;
  /// Where names are (paths.h); all strings there are searched for names. Empty: the whole reply.
  std::string_view names = {};
  bool labels = false;  ///< they are labels: "www" means www.{domain}
  /// A non-empty, non-false value here is an error told with status 200.
  std::string_view error = {};
  int accept = 0;  ///< one more status that is no error (404: "knows nothing of it")

  // Paging: the request is repeated while it leads to something new.
  Ask more = {};                    ///< for the pages after the first; empty = `ask` again
  std::string_view next = {};       ///< {cursor} of the next page, or true if {page} + 1 exists
  std::string_view last_page = {};  ///< number of the last page
  int first_page = 1, page_step = 1;

  /// Null: Query::take_pages().
  Status (*run)(Query& query) = nullptr;
};

}  // namespace m8::enumerate::sources
