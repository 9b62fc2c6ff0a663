#include "templates/cluster_mates.h"

#include <string>
#include <unordered_map>

namespace m8::templates {

void find_cluster_mates(const std::vector<std::shared_ptr<const Template>>& templates) {
  std::unordered_map<std::string, const Template*> first;
  for (const auto& one : templates) {
    std::string key = one->cluster_key();
    if (key.empty()) continue;
    const auto [at, is_new] = first.try_emplace(std::move(key), one.get());
    if (is_new) continue;
    at->second->set_clustered();
    one->set_clustered();
  }
}

}  // namespace m8::templates
