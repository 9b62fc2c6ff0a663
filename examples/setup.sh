# shellcheck shell=bash
# What quickstart.sh and tests/run.sh share: the packages of Debian 12 that M8 needs, and how it is
# built. Sourced, not run. `set -euo pipefail` is the caller's business.

# shellcheck disable=SC2034  # used by those who source this file
build_packages=(
  cmake ninja-build ccache g++ pkg-config git python3
  libcli11-dev libcurl4-openssl-dev libfmt-dev libspdlog-dev libyaml-dev libarchive-dev doctest-dev
  libsqlite3-dev libpq-dev libre2-dev libsimdjson-dev libssl-dev libidn2-dev libpsl-dev
  zlib1g-dev libbrotli-dev libzstd-dev libxml2-dev libjq-dev libjavascriptcoregtk-4.1-dev
  libmicrohttpd-dev librabbitmq-dev libhiredis-dev
)
# shellcheck disable=SC2034
test_packages=(
  nsd dnsdist ldnsutils nginx-light apache2 postgresql rabbitmq-server redis-server prometheus zstd microsocks tinyproxy-bin openssl curl xz-utils dnsperf wrk
  clang-14 clang-format-14 libclang-rt-14-dev shellcheck mandoc zsh fish chromium python3-jsonschema
  systemd faketime
)
# Servers among them: installed for tests, never to be started by the system.
server_units=(nsd dnsdist nginx apache2 postgresql rabbitmq-server redis-server prometheus)

setup_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

is_debian_12() {
  grep -qsx 'ID=debian' /etc/os-release && grep -qsx 'VERSION_ID="12"' /etc/os-release
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# need_packages NAME...: installs those that are missing (sudo unless root). On other systems it
# names them and fails; M8_SKIP_PACKAGES=1 says that they are there under other names.
need_packages() {
  [[ -z ${M8_SKIP_PACKAGES:-} ]] || return 0
  local missing=() name
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if ! is_debian_12; then
    echo "missing packages (names of Debian 12): ${missing[*]}" >&2
    echo "install them, then run again with M8_SKIP_PACKAGES=1" >&2
    return 1
  fi
  echo "installing: ${missing[*]}"
  install_quietly "${missing[@]}"
}

# Installs without letting any server start, now (policy-rc.d) or at the next boot (disable). A
# policy-rc.d that is already there is the administrator's and stays.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d ours='' status=0 unit
  if [[ ! -e $policy ]]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  { as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "$@" >/dev/null; } || status=$?
  [[ -z $ours ]] || as_root rm -f "$policy"
  if [[ -d /run/systemd/system ]]; then
    for unit in "${server_units[@]}"; do
      [[ " $* " != *" $unit"* ]] || as_root systemctl disable --quiet "$unit" 2>/dev/null || true
    done
  fi
  return "$status"
}

# build PRESET [TARGET...]: configures and builds in build/PRESET (CMakePresets.json).
build() {
  local preset=$1 output
  shift
  output=$(cd "$setup_root" && cmake --preset "$preset" 2>&1) || { echo "$output" >&2; return 1; }
  (cd "$setup_root" && cmake --build --preset "$preset" ${1:+--target "$@"})
}
