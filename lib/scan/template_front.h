/// TemplateFront: keeps the runs of a scan close together, so that templates go over all targets
/// one after another (template-major order, templates 12.1).
///
/// A run may begin a template only if no other run is more than some templates behind it. Thread-
/// safe. Costs a few bytes per template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace m8::scan {

class TemplateFront {
 public:
  /// \p ahead: so many templates are under way at once.
  TemplateFront(std::size_t templates, std::size_t ahead);

  /// A run begins with the first template.
  void enter();
  /// Its next template is \p to and no longer \p from. At \p to == the number of templates it has
  /// left.
  void move(std::size_t from, std::size_t to);
  /// False: not yet; \p wake is then called once, when it may be worth asking again, on the thread
  /// that moved the last run on.
  bool may_begin(std::size_t number, std::function<void()> wake);

 private:
  const std::size_t ahead_;
  std::mutex mutex_;
  std::vector<std::uint32_t> runs_;  ///< by the template that they begin next
  std::size_t last_ = 0;             ///< nobody is before this one
  std::vector<std::function<void()>> waiting_;
};

}  // namespace m8::scan
