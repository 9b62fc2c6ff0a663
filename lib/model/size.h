/// What records cost in memory while they wait: the struct and its texts, for queues and batches
/// that are bounded by bytes. Close, not exact: small lists and maps are counted by their texts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/endpoint.h"
#include "model/finding.h"
#include "model/hostname.h"
#include "model/issue.h"
#include "model/run.h"

namespace m8::model {

std::size_t bytes_of(const Hostname& record);
std::size_t bytes_of(const Endpoint& record);
/// Without the template's info, which all findings of it share.
std::size_t bytes_of(const Finding& record);
std::size_t bytes_of(const Issue& record);
std::size_t bytes_of(const Outcome& record);

}  // namespace m8::model
