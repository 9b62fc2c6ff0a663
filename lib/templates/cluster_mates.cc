#include "templates/cluster_mates.h"

#include <string>
#include <unordered_set>

namespace m8::templates {

void find_cluster_mates(const std::vector<std::shared_ptr<const Template>>& templates) {
  std::unordered_set<std::string> known;
  for (const auto& one : templates) {
    std::string key = one->cluster_key();
    if (!key.empty() && !known.insert(std::move(key)).second) one->set_clustered();
  }
}

}  // namespace m8::templates
