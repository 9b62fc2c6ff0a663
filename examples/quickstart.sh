#!/usr/bin/env bash
# Builds M8 and shows its main job: names found, hosts scanned, findings stored.
#
# usage: examples/quickstart.sh                      on the practice target, all on loopback
#        examples/quickstart.sh -- -d example.com    on your own domain (arguments of asmm8 enum)
#
# M8_STORE names the database; default ~/.local/share/m8/quickstart.db.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=examples/setup.sh
. "$root/examples/setup.sh"

usage() { sed -n '4,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

own_target=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; own_target=("$@"); break ;;
    *) usage >&2; exit 2 ;;
  esac
done

bold='' dim='' plain=''
if [[ -t 2 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi
say() { echo "${bold}==> $*${plain}" >&2; }

work=$(mktemp -d)
lab=''
# shellcheck disable=SC2317  # called by the trap
finish() {
  [[ -z $lab ]] || kill "$lab" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

build_programs() {
  say "building (Release; the first time takes minutes, afterwards seconds)"
  if [[ -t 2 ]]; then
    build release asmm8 num8 m8 >&2
  else
    build release asmm8 num8 m8 >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
  fi
}

# What the lab wrote into its ready file: {"zone":"...","dns":"...","port":...}.
lab_says() { sed -E "s/.*\"$1\":\"?([^,\"}]*).*/\1/" "$work/lab.json"; }

start_lab() {
  "$bin/m8" lab --ready-file "$work/lab.json" >"$work/lab.log" 2>&1 &
  lab=$!
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    [[ ! -s $work/lab.json ]] || return 0
    kill -0 "$lab" 2>/dev/null || break
    sleep 0.05
  done
  cat "$work/lab.log" >&2
  return 1
}

# Shows the first names on stderr as they come and how many there were; hands all of them on.
show_names() {
  tee >(
    count=0
    while read -r name; do
      ((++count > 8)) || echo "${dim}    $name${plain}" >&2
    done
    ((count <= 8)) || echo "${dim}    ... $count names${plain}" >&2
  )
}

need_packages "${build_packages[@]}"
build_programs
bin=$root/build/release
store=${M8_STORE:-${XDG_DATA_HOME:-$HOME/.local/share}/m8/quickstart.db}
mkdir -p "$(dirname "$store")"

enum=("$bin/asmm8" enum --store "$store")
scan=("$bin/num8" scan -t "$root/examples/templates" --store "$store" -o "$work/findings")
if [[ ${#own_target[@]} -gt 0 ]]; then
  enum+=("${own_target[@]}")
else
  say "starting a practice target on loopback"
  start_lab
  enum+=(-d "$(lab_says zone)" -r "$(lab_says dns)")
  scan+=(-r "$(lab_says dns)" --ports "$(lab_says port)" --rate 0)
fi

say "finding names, scanning what answers"
echo "${dim}    ${enum[*]/#"$root/"/} | ${scan[*]/#"$root/"/}${plain}" >&2
status=0
"${enum[@]}" -q | show_names | "${scan[@]}" || status=$?

findings=0
[[ ! -f $work/findings ]] || findings=$(wc -l <"$work/findings")
say "$findings findings, kept in $store"
exit "$status"
