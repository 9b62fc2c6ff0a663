/// ChangeKind: what became of a record between then and now.
#pragma once

#include "model/hostname_change.h"

namespace m8::model {

/// "new", "changed", "gone", "returned": for all records.
using ChangeKind = HostnameChange::Kind;

}  // namespace m8::model
