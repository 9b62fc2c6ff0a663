// facebook: certificate transparency. The key is "application:secret", traded for a token first.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status with_token(Query& query) {
  const Reply reply = M8_TRY(query.get(
      "/oauth/access_token?client_id={id}&client_secret={secret}&grant_type=client_credentials"));
  const std::string token = reply.text("access_token");
  if (token.empty()) return query.fail({State::kAuth, "no token given"});
  query.set_secret("token", token);
  return query.take_pages();
}

}  // namespace

extern constinit const Source kFacebook{
    .name = "facebook",
    .url = "https://graph.facebook.com",
    .key = Key::kRequired,
    .recursive = true,
    .ask = {.path = "/certificates?fields=domains&access_token={token}&query={domain}&limit=1000&"
                    "after={cursor}"},
    .names = "data[].domains[]",
    .error = "error.message",
    .next = "paging.cursors.after",
    .run = with_token,
};

}  // namespace m8::enumerate::sources
