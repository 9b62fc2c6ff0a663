#include "scan/template_front.h"

#include <doctest/doctest.h>

using m8::scan::TemplateFront;

TEST_CASE("scan/template_front: nobody is more than so many templates ahead of the last") {
  TemplateFront front(10, 3);
  int woken = 0;
  const auto wake = [&] { ++woken; };
  front.enter();
  front.enter();
  CHECK(front.may_begin(0, wake));
  CHECK(front.may_begin(2, wake));
  CHECK(!front.may_begin(3, wake));
  front.move(0, 3);  // one of the two: the other is still at the first
  CHECK(woken == 0);
  CHECK(!front.may_begin(3, wake));
  front.move(0, 1);
  CHECK(woken == 2);
  CHECK(front.may_begin(3, wake));
  CHECK(!front.may_begin(4, wake));
  front.move(1, 10);  // left: the one at 3 is the last now
  CHECK(woken == 3);
  CHECK(front.may_begin(5, wake));
  CHECK(!front.may_begin(6, wake));
  front.move(3, 10);
  CHECK(woken == 4);
}

TEST_CASE("scan/template_front: nobody begins while the others are awaited") {
  TemplateFront front(5, 2);
  int woken = 0;
  const auto first = front.gather();
  front.enter();
  CHECK(!front.may_begin(0, [&] { ++woken; }));
  const auto second = front.gather();
  front.gather_over(first);  // too late to matter
  CHECK(woken == 0);
  CHECK(!front.may_begin(0, [&] { ++woken; }));
  front.gather_over(second);
  CHECK(woken == 2);
  CHECK(front.may_begin(1, [] {}));
  CHECK(!front.may_begin(2, [] {}));
}

TEST_CASE("scan/template_front: who enters is the last") {
  TemplateFront front(5, 1);
  front.enter();
  front.move(0, 4);
  CHECK(front.may_begin(4, [] {}));
  front.enter();
  CHECK(!front.may_begin(4, [] {}));
  CHECK(front.may_begin(0, [] {}));
}
