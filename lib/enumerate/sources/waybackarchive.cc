// waybackarchive: URLs of the Internet Archive (CDX server), a part at a time.
#include "base/file.h"
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

/// The key of the next part stands last, after an empty line.
std::string resume_key(const Reply& reply) {
  const std::string_view text = trim(reply.body);
  const std::size_t blank = text.rfind("\n\n");
  return blank == text.npos || reply.cut ? std::string() : std::string(text.substr(blank + 2));
}

Status take_parts(Query& query) {
  for (std::string key, last;; last = key) {
    query.set("cursor", key);
    const Reply reply = M8_TRY(query.get(query.source().ask.path));
    query.take(reply);
    key = resume_key(reply);
    if (key.empty() || key == last) return {};
  }
}

}  // namespace

extern constinit const Source kWaybackarchive{
    .name = "waybackarchive",
    .url = "http://web.archive.org",
    .rate = "15/m",
    .ask = {.path = "/cdx/search/cdx?url=*.{domain}/"
                    "*&output=txt&fl=original&collapse=urlkey&limit=50000&showResumeKey=true&"
                    "resumeKey={cursor}"},
    .form = Form::kLines,
    .run = take_parts,
};

}  // namespace m8::enumerate::sources
