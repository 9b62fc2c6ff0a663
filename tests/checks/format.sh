#!/usr/bin/env bash
# C++ as clang-format 14 would write it; shell as shellcheck likes it; manual pages without warnings.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

files() { git ls-files -z --cached --others --exclude-standard -- "$@"; }

status=0
check() {
  echo "$1"
  shift
  xargs -0 -r "$@" || status=1
}

check clang-format clang-format-14 --dry-run -Werror < <(files '*.cc' '*.h')
check shellcheck shellcheck -x < <(files '*.sh' .ci/run)
check mandoc mandoc -T lint -W warning < <(files 'man/*.[1-8]')
exit "$status"
