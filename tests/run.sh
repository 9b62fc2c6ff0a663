#!/usr/bin/env bash
# Runs the tests: installs what is missing, builds Release, starts real servers, runs ctest.
#
# usage: tests/run.sh [--quick|--long] [-- CTEST-ARGUMENT...]
#   --quick  unit tests only, no servers
#   --long   also what takes longer
# CI=true: nothing is skipped; a test that lacks something fails. What fails is run once more and both
# runs are printed: a test that fails only on a busy machine is a defect to look into, not a red build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=examples/setup.sh
. examples/setup.sh
# shellcheck source=tests/support/servers.sh
. tests/support/servers.sh

usage() { sed -n '4,7s/^# //p' "${BASH_SOURCE[0]}"; }

mode=normal
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick | --long) mode=${1#--} ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

export M8_TEST_DATA=${M8_TEST_DATA:-$PWD/../shared/data}
[[ -d $M8_TEST_DATA ]] || echo "no test data at $M8_TEST_DATA: tests that read it will say so"

case $mode in
  quick)
    need_packages "${build_packages[@]}"
    build release unit_tests
    selection=(-L '^unit$')
    ;;
  normal)
    need_packages "${build_packages[@]}" "${test_packages[@]}"
    build release
    selection=(-LE '^long$')
    ;;
  long)
    need_packages "${build_packages[@]}" "${test_packages[@]}"
    build release
    selection=()
    ;;
esac

if [[ $mode != quick ]]; then
  trap stop_servers EXIT
  start_servers
  echo "NSD on $M8_TEST_NSD, nginx on $M8_TEST_NGINX_HTTP and $M8_TEST_NGINX_HTTPS," \
    "PostgreSQL on $M8_TEST_POSTGRES"
fi
[[ ${CI:-} != true ]] || selection+=(--repeat until-pass:2)
ctest --test-dir build/release --output-on-failure --no-tests=error "${selection[@]}" "$@"
