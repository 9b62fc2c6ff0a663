/// Which process of which machine: so that a neighbour can tell at once that it is dead.
///
/// Plain functions, no state.
#pragma once

#include <string>
#include <string_view>

namespace m8::fleet {

/// This process: boot of the machine, PID namespace, PID and the time it was started.
std::string own_process_name();

/// True if \p name is of a process of this boot and namespace, and that process is no more. False
/// also if it can't be known.
bool is_known_dead(std::string_view name);

}  // namespace m8::fleet
