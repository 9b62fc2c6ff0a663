/// TemplateFront: keeps the runs of a scan close together, so that templates go over all targets
/// one after another (template-major order, templates 12.1).
///
/// A run may begin a template only if no other run is more than some templates behind it, and none
/// while the runs that go together are being gathered. Thread-safe. Costs a few bytes per template.
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

  /// From now on nobody begins; \return what gather_over() wants to know.
  std::uint64_t gather();
  /// The runs are together: they begin. Without effect after a later gather().
  void gather_over(std::uint64_t which);
  /// A run will begin with the first template.
  void enter();
  /// Its next template is \p to and no longer \p from. At \p to == the number of templates it has
  /// left.
  void move(std::size_t from, std::size_t to);
  /// False: not yet; \p wake is then called once, when it may be worth asking again, on the thread
  /// that moved the last run on or ended the gathering.
  bool may_begin(std::size_t number, std::function<void()> wake);

 private:
  const std::size_t ahead_;
  std::mutex mutex_;
  std::vector<std::uint32_t> runs_;  ///< by the template that they begin next
  std::size_t last_ = 0;             ///< nobody is before this one
  std::uint64_t gatherings_ = 0;
  bool gathering_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace m8::scan
