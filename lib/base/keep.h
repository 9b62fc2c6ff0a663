/// Values that live as long as the process: what holds nothing but memory, and would take long to
/// take apart when the system can drop it as a whole.
#pragma once

#include <memory>

namespace m8 {

/// Never destroys \p value. Any thread. Not for what is made again and again.
void keep_until_exit(std::shared_ptr<const void> value);

}  // namespace m8
