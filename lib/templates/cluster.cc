#include "templates/cluster.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace m8::templates {

using Templates = std::vector<std::shared_ptr<const Template>>;

std::string Template::share_key() const {
  if (blocks_.size() != 1 || flow_ || script_ || constants_ || names_target_ || !members_.empty())
    return {};
  return blocks_.front().block->share_key();
}

std::shared_ptr<const Template> Template::cluster(Templates members) {
  const Template& leader = *members.front();
  std::vector<protocols::Sharer> others;
  for (std::size_t i = 1; i < members.size(); ++i) {
    const Template* member = members[i].get();
    const auto prepare = [member](const protocols::Execution& beside) {
      return member->prepare(beside.scan, beside.target, beside.builtins, beside.stop);
    };
    others.push_back({member->blocks_.front().block.get(), prepare});
  }
  auto block = leader.blocks_.front().block->share(std::move(others));
  if (!block) return nullptr;
  std::shared_ptr<Template> cluster(new Template);
  cluster->info_ = leader.info_;
  cluster->variables_ = leader.variables_;
  cluster->request_count_ = leader.request_count_;
  cluster->clustered_ = leader.clustered_;
  cluster->blocks_.push_back({std::move(block), leader.blocks_.front().kind, 1, {}});
  cluster->members_ = std::move(members);
  return cluster;
}

std::vector<std::string> Template::ids() const {
  if (workflow_) {
    std::vector<std::string> ids = workflow_->ids();
    ids.push_back(info_->id);
    return ids;
  }
  if (members_.empty()) return {info_->id};
  std::vector<std::string> ids;
  for (const auto& member : members_) ids.push_back(member->info().id);
  return ids;
}

Templates make_clusters(Templates templates) {
  std::unordered_map<std::string, std::size_t> places;  // of the groups, by key
  std::vector<Templates> groups;
  for (auto& one : templates) {
    const std::string key = one->share_key();
    const auto [at, is_new] =
        key.empty() ? std::pair(places.end(), true) : places.try_emplace(key, groups.size());
    if (is_new) groups.emplace_back();
    groups[is_new ? groups.size() - 1 : at->second].push_back(std::move(one));
  }
  Templates out;
  out.reserve(groups.size());
  for (Templates& group : groups) {
    auto cluster = group.size() > 1 ? Template::cluster(group) : nullptr;
    if (cluster) {
      out.push_back(std::move(cluster));
    } else {
      std::move(group.begin(), group.end(), std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace m8::templates
