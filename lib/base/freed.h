/// Freed: a deleter that calls a C library's function.
#pragma once

namespace m8 {

/// std::unique_ptr<BIO, Freed<BIO_free_all>>
template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace m8
