/// The heap of a thread that is about to allocate much in small pieces.
#pragma once

#include <cstddef>

namespace m8 {

/// Lets the calling thread's heap grow by \p bytes (at most 48 MiB) without asking the system for
/// each page: glibc calls mprotect(2) for every 4 KiB otherwise, which takes longer than the page.
/// Address space only: no memory is touched but a page in each 120 KiB.
void reserve_heap(std::size_t bytes);

}  // namespace m8
