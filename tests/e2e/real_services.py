"""nginx and Apache from Debian's packages, under all http templates of the corpus: what is found on
their default pages is what the reference engine finds there, twice the same.

Needs $M8_TEST_DATA with the tools beside it, nginx and Apache.
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from corpus import DATA, compare, need, scan_flags, unpack_templates
from support import SECONDS, Case, command

SBIN = "/usr/sbin:/usr/bin:/bin"
MODULES = pathlib.Path("/etc/apache2/mods-available")
# What the reference's Apache was made of; each is NAME.load and maybe NAME.conf.
APACHE_MODULES = """mpm_event authz_core authz_host alias autoindex dir env mime negotiation setenvif
                    status info""".split()

NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  include /etc/nginx/mime.types; access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl; root {folder}/www;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    index index.html index.nginx-debian.html;
    location / {{ try_files $uri $uri/ =404; }}
  }}
  server {{
    listen 127.0.0.1:{careless}; root {folder}/careless;
    location = /nginx_status {{ stub_status; }}
    location /backup/ {{ autoindex on; }}
  }}
}}
"""
APACHE = """ServerRoot /etc/apache2
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder} default
Listen 127.0.0.1:{apache}
ServerName localhost
User www-data
Group www-data
ErrorLog {folder}/error.log
{modules}
ServerTokens OS
TraceEnable Off
ExtendedStatus On
<Directory />
  Require all denied
</Directory>
<Directory {folder}/www/>
  Options Indexes FollowSymLinks
  Require all granted
</Directory>
<Location /server-status>
  SetHandler server-status
</Location>
<Location /server-info>
  SetHandler server-info
</Location>
DocumentRoot {folder}/www
"""


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def apache_modules():
    lines = []
    for name in APACHE_MODULES:
        lines.append(f"Include {MODULES}/{name}.load")
        if name not in ("status", "info") and (MODULES / f"{name}.conf").exists():
            lines.append(f"Include {MODULES}/{name}.conf")
    return "\n".join(lines)


class RealServices(Case):
    @classmethod
    def setUpClass(cls):
        need(DATA / "real-services-http.tsv")
        cls.programs = {name: shutil.which(name, path=SBIN) for name in ("nginx", "apache2")}
        if not all(cls.programs.values()) or not MODULES.exists():
            raise unittest.SkipTest("no nginx or no Apache")
        folder = tempfile.TemporaryDirectory(prefix="m8-services-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.root.chmod(0o755)  # the servers' workers may be others than this
        names = ("plain", "tls", "careless", "apache")
        cls.ports = dict(zip(names, free_ports(len(names))))
        cls.templates = unpack_templates(cls.root)
        cls.start_nginx(cls.root / "nginx")
        cls.start_apache(cls.root / "apache")
        cls.urls = {"nginx-default": f"http://127.0.0.1:{cls.ports['plain']}",
                    "nginx-tls": f"https://127.0.0.1:{cls.ports['tls']}",
                    "apache2": f"http://127.0.0.1:{cls.ports['apache']}"}

    @classmethod
    def start(cls, port, *arguments):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{arguments[0]} did not start") from None
                time.sleep(0.02)

    @classmethod
    def start_nginx(cls, folder):
        for name in ("www", "careless/.git", "careless/backup"):
            (folder / name).mkdir(parents=True)
        shutil.copy("/usr/share/nginx/html/index.html", folder / "www/index.nginx-debian.html")
        (folder / "careless/.git/config").write_text("[core]\n\trepositoryformatversion = 0\n")
        (folder / "careless/.env").write_text(
            "APP_NAME=Laravel\nAPP_ENV=production\nDB_HOST=127.0.0.1\nDB_PASSWORD=hunter2\n")
        (folder / "careless/backup/notes.txt").write_text("dump")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=www.example.org", "-keyout", folder / "key.pem", "-out",
                        folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, **cls.ports))
        cls.start(cls.ports["plain"], cls.programs["nginx"], "-c", config)

    @classmethod
    def start_apache(cls, folder):
        (folder / "www").mkdir(parents=True)
        shutil.copy("/usr/share/apache2/default-site/index.html", folder / "www")
        config = folder / "apache2.conf"
        config.write_text(APACHE.format(folder=folder, modules=apache_modules(), **cls.ports))
        cls.start(cls.ports["apache"], cls.programs["apache2"], "-f", config, "-DFOREGROUND")

    def scan(self, urls, *arguments):
        findings = self.folder / "findings.jsonl"
        findings.unlink(missing_ok=True)
        done = subprocess.run(
            command("num8", "scan", "-q", "-u", ",".join(urls), "-o", findings,
                    *scan_flags(self.templates), *arguments),
            cwd=self.templates, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=600)
        self.assertIn(done.returncode, (0, 4), done.stderr)
        return findings

    def rows_of(self, services):
        """The reference's rows of \p services, whatever version they have here."""
        rows = []
        for line in (DATA / "real-services-http.tsv").read_text().splitlines():
            cells = line.split("\t")
            if cells[0] not in services:
                continue
            if re.search(r'"[a-zA-Z]*/[0-9.]+', cells[5]):
                cells[5] = "*"
            rows.append("\t".join(cells))
        return self.write("expected.tsv", "\n".join(rows) + "\n")

    def test_default_pages_agree_with_the_reference_each_time(self):
        services = self.write("services.txt", "".join(f"{name} {url}\n"
                                                      for name, url in self.urls.items()))
        expected = self.rows_of(self.urls)
        for _ in range(2):
            counts, said = compare(expected, self.scan(self.urls.values()), "--services", services)
            self.assertGreater(counts["expected"], 30)
            self.assertEqual((counts["missing"], counts["different"], counts["extra"]), (0, 0, 0),
                             said)

    def test_what_is_left_lying_about_is_found(self):
        wanted = ["backup-directory-listing", "generic-env", "git-config", "laravel-env",
                  "nginx-status"]
        careless = f"http://127.0.0.1:{self.ports['careless']}"
        findings = self.scan([careless], "-id", ",".join(wanted))
        found = {json.loads(line)["template-id"] for line in findings.read_text().splitlines()}
        self.assertEqual(sorted(found), wanted)


if __name__ == "__main__":
    unittest.main()
