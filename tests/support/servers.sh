# shellcheck shell=bash
# Real servers for the tests: NSD, dnsdist, nginx and PostgreSQL on free loopback ports, in one temporary
# directory.
# Sourced by tests/run.sh. After start_servers these are exported:
#   M8_TEST_NSD         address:port of NSD, serving tests/support/test.zone as m8.test, and
#                       zones of its own: open.test gives itself away by AXFR, signed.test and
#                       deep.signed.test have NSEC chains, hidden.test has NSEC3; six.test gives
#                       itself away on ::1 only
#   M8_TEST_DOT         tls://127.0.0.1:port, dnsdist in front of NSD, certificate for localhost
#   M8_TEST_DOH         https://localhost:port/dns-query, the same
#   M8_TEST_DNSDIST_CERTIFICATE  the file of it
#   M8_TEST_NGINX_HTTP  http://127.0.0.1:port, keep-alive, / and /page.html, 404 else
#   M8_TEST_NGINX_HTTPS the same with HTTP/2 and a self-signed certificate for localhost,
#   M8_TEST_NGINX_CERTIFICATE  the file of it
#   M8_TEST_SOCKS_OPEN  address:port of a SOCKS5 proxy without a login
#   M8_TEST_SOCKS, M8_TEST_HTTP_PROXY  of a SOCKS5 and of an HTTP proxy for m8:s3cret
#   M8_TEST_POSTGRES    postgresql://m8:m8@127.0.0.1:port/m8, an empty database; password asked for

servers_support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers_directory=''
servers_pids=()

# free_port TYPE...: a loopback port that is free for each of these socket types (STREAM, DGRAM).
free_port() {
  python3 - "$@" <<'PYTHON'
import socket, sys
while True:
    sockets = [socket.socket(socket.AF_INET, getattr(socket, "SOCK_" + kind)) for kind in sys.argv[1:]]
    try:
        sockets[0].bind(("127.0.0.1", 0))
        port = sockets[0].getsockname()[1]
        for other in sockets[1:]:
            other.bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PYTHON
}

# wait_for_port NAME PORT LOG: until something listens there, at most a minute.
wait_for_port() {
  local attempt
  for ((attempt = 0; attempt < 600; attempt++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "$1 does not listen on 127.0.0.1:$2" >&2
  cat "$3" >&2
  return 1
}

# write_zone FOLDER ZONE: the records on stdin, with SOA and name server.
write_zone() {
  {
    printf '\x24ORIGIN %s.\n\x24TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n' "$2"
    printf '@ IN NS ns\nns IN A 127.0.0.1\n'
    cat
  } >"$1/$2.zone"
}

# sign_zone FOLDER ZONE [-n]: in place; -n with NSEC3.
sign_zone() (
  cd "$1" || exit
  key=$(ldns-keygen -a ECDSAP256SHA256 "$2")
  ldns-signzone ${3:+"$3"} -f "$2.signed" "$2.zone" "$key"
  mv "$2.signed" "$2.zone"
)

# zones_of_enum FOLDER: what asmm8 enum learns of zones from.
zones_of_enum() {
  write_zone "$1" open.test <<'ZONE'
given-away IN A 127.0.0.20
deep.given IN A 127.0.0.21
*.any      IN A 127.0.0.22
_sip._tcp  IN SRV 1 1 5060 voice
voice      IN A 127.0.0.23
@          IN MX 10 post-office
post-office IN A 127.0.0.24
@          IN TXT "v=spf1 a:sender-7.open.test include:spf.other.test -all"
sender-7   IN A 127.0.0.25
@          IN CAA 0 iodef "https://cert-reports.open.test/caa"
cert-reports IN A 127.0.0.26
www        IN CNAME web-backend-3
web-backend-3 IN A 127.0.0.27
ZONE
  write_zone "$1" signed.test <<'ZONE'
alpha      IN A 127.0.0.30
x9-secret  IN A 127.0.0.31
deep       IN NS ns.deep
ns.deep    IN A 127.0.0.1
plain      IN NS ns.elsewhere.test.
zulu       IN A 127.0.0.32
a.b.ent    IN A 127.0.0.33
ZONE
  write_zone "$1" deep.signed.test <<'ZONE'
mine       IN A 127.0.0.34
ZONE
  write_zone "$1" hidden.test <<'ZONE'
x9-secret  IN A 127.0.0.35
ZONE
  write_zone "$1" six.test <<'ZONE'
@          IN NS ns6
ns6        IN AAAA ::1
over-six   IN A 127.0.0.36
ZONE
  sign_zone "$1" signed.test
  sign_zone "$1" deep.signed.test
  sign_zone "$1" hidden.test -n
}

start_nsd() {
  local folder=$servers_directory/nsd port i
  mkdir -p "$folder"
  cp "$servers_support/test.zone" "$folder/"
  for ((i = 1; i <= 200; i++)); do echo "many IN A 127.0.1.$i"; done >"$folder/many.zone"
  zones_of_enum "$folder" >"$folder/zones.out"
  port=$(free_port STREAM DGRAM)
  cat >"$folder/nsd.conf" <<NSD
server:
  ip-address: 127.0.0.1@$port
$(if grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null; then echo "  ip-address: ::1@$port"; fi)
  username: ""
  chroot: ""
  zonesdir: "$folder"
  database: ""
  pidfile: "$folder/nsd.pid"
  zonelistfile: "$folder/zone.list"
  xfrdfile: "$folder/xfrd.state"
  xfrdir: "$folder"
  logfile: "$folder/nsd.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: m8.test
  zonefile: test.zone
zone:
  name: open.test
  zonefile: open.test.zone
  provide-xfr: 127.0.0.0/8 NOKEY
zone:
  name: six.test
  zonefile: six.test.zone
  provide-xfr: ::1 NOKEY
zone:
  name: signed.test
  zonefile: signed.test.zone
zone:
  name: deep.signed.test
  zonefile: deep.signed.test.zone
zone:
  name: hidden.test
  zonefile: hidden.test.zone
NSD
  /usr/sbin/nsd -d -c "$folder/nsd.conf" >"$folder/nsd.out" 2>&1 &
  servers_pids+=($!)
  wait_for_port NSD "$port" "$folder/nsd.log"
  export M8_TEST_NSD=127.0.0.1:$port
}

# make_certificate FOLDER: key.pem and cert.pem for localhost.
make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$1/key.pem" -out "$1/cert.pem" 2>"$1/openssl.out"
}

# DNS over TLS and over HTTPS in front of NSD. It asks nobody whether it is up to date.
start_dnsdist() {
  local folder=$servers_directory/dnsdist plain dot doh
  mkdir -p "$folder"
  make_certificate "$folder"
  plain=$(free_port STREAM DGRAM)
  dot=$(free_port STREAM)
  doh=$(free_port STREAM)
  cat >"$folder/dnsdist.conf" <<DNSDIST
setSecurityPollSuffix("")
setACL({"127.0.0.0/8"})
setLocal("127.0.0.1:$plain")
addTLSLocal("127.0.0.1:$dot", "$folder/cert.pem", "$folder/key.pem")
addDOHLocal("127.0.0.1:$doh", "$folder/cert.pem", "$folder/key.pem", "/dns-query")
newServer({address="$M8_TEST_NSD", healthCheckMode="up"})
DNSDIST
  dnsdist --supervised --disable-syslog -C "$folder/dnsdist.conf" >"$folder/dnsdist.log" 2>&1 &
  servers_pids+=($!)
  wait_for_port dnsdist "$dot" "$folder/dnsdist.log"
  wait_for_port dnsdist "$doh" "$folder/dnsdist.log"
  export M8_TEST_DOT=tls://127.0.0.1:$dot M8_TEST_DOH=https://localhost:$doh/dns-query
  export M8_TEST_DNSDIST_CERTIFICATE=$folder/cert.pem
}

start_nginx() {
  local folder=$servers_directory/nginx http https user=''
  mkdir -p "$folder/www"
  printf '<html><head><title>M8 test page</title></head><body>hello</body></html>\n' |
    tee "$folder/www/index.html" >"$folder/www/page.html"
  make_certificate "$folder"
  http=$(free_port STREAM)
  https=$(free_port STREAM)
  [[ $(id -u) -ne 0 ]] || user='user root;'
  cat >"$folder/nginx.conf" <<NGINX
$user
daemon off;
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  types { text/html html; }
  server {
    listen 127.0.0.1:$http;
    listen 127.0.0.1:$https ssl http2;
    ssl_certificate $folder/cert.pem;
    ssl_certificate_key $folder/key.pem;
    root $folder/www;
  }
}
NGINX
  /usr/sbin/nginx -p "$folder" -c "$folder/nginx.conf" >"$folder/nginx.out" 2>&1 &
  servers_pids+=($!)
  wait_for_port nginx "$http" "$folder/error.log"
  export M8_TEST_NGINX_HTTP=http://127.0.0.1:$http M8_TEST_NGINX_HTTPS=https://127.0.0.1:$https
  export M8_TEST_NGINX_CERTIFICATE=$folder/cert.pem
}

# Proxies on loopback, each wants user m8 with password s3cret, but for the first, which wants none.
start_proxies() {
  local folder=$servers_directory/proxies open locked http
  mkdir -p "$folder"
  open=$(free_port STREAM)
  locked=$(free_port STREAM)
  http=$(free_port STREAM)
  microsocks -i 127.0.0.1 -p "$open" >"$folder/open.log" 2>&1 &
  servers_pids+=($!)
  microsocks -i 127.0.0.1 -p "$locked" -u m8 -P s3cret >"$folder/locked.log" 2>&1 &
  servers_pids+=($!)
  cat >"$folder/tinyproxy.conf" <<TINYPROXY
Port $http
Listen 127.0.0.1
MaxClients 100
LogFile "$folder/tinyproxy.log"
BasicAuth m8 s3cret
TINYPROXY
  tinyproxy -d -c "$folder/tinyproxy.conf" >"$folder/tinyproxy.out" 2>&1 &
  servers_pids+=($!)
  wait_for_port microsocks "$open" "$folder/open.log"
  wait_for_port microsocks "$locked" "$folder/locked.log"
  wait_for_port tinyproxy "$http" "$folder/tinyproxy.out"
  export M8_TEST_SOCKS_OPEN=127.0.0.1:$open M8_TEST_SOCKS=127.0.0.1:$locked M8_TEST_HTTP_PROXY=127.0.0.1:$http
}

# as_postgres COMMAND...: PostgreSQL refuses to run as root.
as_postgres() {
  if [[ $(id -u) -eq 0 ]]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

# fsync and synchronous_commit stay on, as they are by default: the tests and figures are those of
# a server that keeps what it says it has.
start_postgres() {
  local folder=$servers_directory/postgres port bin attempt
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
  mkdir -p "$folder"
  chmod 755 "$servers_directory"
  echo m8 >"$folder/password"
  [[ $(id -u) -ne 0 ]] || chown -R postgres "$folder"
  (cd "$folder" && as_postgres "$bin/initdb" -D "$folder/data" -U m8 -A scram-sha-256 \
    --pwfile="$folder/password" -E UTF8 --locale=C.UTF-8) >"$folder/initdb.out" 2>&1 ||
    { cat "$folder/initdb.out" >&2; return 1; }
  port=$(free_port STREAM)
  as_postgres "$bin/postgres" -D "$folder/data" -h 127.0.0.1 -p "$port" -k "$folder" \
    -c max_connections=100 >"$folder/postgres.log" 2>&1 &
  servers_pids+=($!)
  wait_for_port PostgreSQL "$port" "$folder/postgres.log"
  export M8_TEST_POSTGRES=postgresql://m8:m8@127.0.0.1:$port/m8
  # It listens before it takes connections.
  for ((attempt = 0; attempt < 600; attempt++)); do
    ! "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" || break
    sleep 0.1
  done
  PGPASSWORD=m8 "$bin/createdb" -h 127.0.0.1 -p "$port" -U m8 m8
}

# Starts everything; stop_servers belongs into the caller's EXIT trap, set before this.
start_servers() {
  servers_directory=$(mktemp -d "${TMPDIR:-/tmp}/m8-servers.XXXXXX")
  start_nsd
  start_dnsdist
  start_nginx
  start_postgres
  start_proxies
}

stop_servers() {
  local pid
  for pid in "${servers_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  servers_pids=()
  [[ -z $servers_directory ]] || rm -rf "$servers_directory"
  servers_directory=''
}
