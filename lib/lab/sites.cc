/// The table of sites. Texts are written for the lab; secrets in them are made up.
#include <array>

#include <fmt/format.h>

#include "lab/hosts.h"

namespace m8::lab {
namespace {

using namespace std::string_view_literals;
using Ids = std::string_view;

constexpr auto kText = "text/plain; charset=utf-8"sv;
constexpr auto kJson = "application/json"sv;
constexpr auto kBinary = "application/octet-stream"sv;

// ---- www ------------------------------------------------------------------------------------
constexpr Page kWwwPages[] = {
    {"/robots.txt", "User-agent: *\nDisallow: /internal/\nDisallow: /drafts/\n", kText},
    {"/sitemap.xml",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
     "<url><loc>/about</loc></url>\n</urlset>\n",
     "application/xml"},
    {"/.well-known/security.txt",
     "Contact: mailto:security@lab.test\nExpires: 2030-01-01T00:00:00Z\n", kText},
};
constexpr Ids kWwwIds[] = {"robots-hidden-paths", "security-txt", "sitemap-found"};

// ---- git, svn -------------------------------------------------------------------------------
constexpr Page kGitPages[] = {
    {"/.git/config",
     "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
     "[remote \"origin\"]\n\turl = git@git.lab.test:shop/website.git\n"
     "\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
     kText},
    {"/.git/HEAD", "ref: refs/heads/release-2024\n", kText},
};
constexpr Ids kGitIds[] = {"git-config-exposed", "git-head-exposed"};

constexpr Page kSvnPages[] = {
    {"/.svn/wc.db", "SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20"sv, kBinary},
};
constexpr Ids kSvnIds[] = {"svn-database-exposed"};

// ---- files ----------------------------------------------------------------------------------
constexpr Page kFilesPages[] = {
    {"/files/",
     "<html><head><title>Index of /files/</title></head><body><h1>Index of /files/</h1><hr><pre>"
     "<a href=\"../\">../</a>\n<a href=\"minutes-2023.odt\">minutes-2023.odt</a>\n"
     "<a href=\"salaries.ods\">salaries.ods</a>\n</pre><hr></body></html>\n"},
    {"/.DS_Store",
     "\0\0\0\x01"
     "Bud1\0\0\x10\0\0\0\x08\0"sv,
     kBinary},
};
constexpr Ids kFilesIds[] = {"directory-listing", "ds-store-exposed"};

// ---- app: configuration ---------------------------------------------------------------------
constexpr Page kAppPages[] = {
    {"/.env.local",
     "APP_NAME=Orders\nAPP_ENV=production\nAPP_KEY=base64:bm90LWEtcmVhbC1rZXktanVzdC1hLWxhYg==\n"
     "DB_HOST=db.lab.test\nDB_PASSWORD=made-up-for-the-lab\n",
     kText},
};
constexpr Ids kAppIds[] = {"env-file-exposed"};

constexpr Page kOldPages[] = {
    {"/wp-config.php.old",
     "<?php\ndefine('DB_NAME', 'blog');\ndefine('DB_USER', 'blog');\n"
     "define('DB_PASSWORD', 'made-up-for-the-lab');\n",
     kText},
    {"/.htpasswd", "editor:$apr1$mV3kq1xZ$9mCjXr0i1xJ7mXo3q2w1e/\n", kText},
};
constexpr Ids kOldIds[] = {"config-backup-exposed", "htpasswd-exposed"};

constexpr Page kBackupPages[] = {
    {"/dump.sql",
     "-- dump of database orders\nCREATE TABLE `customers` (\n  `id` int NOT NULL,\n"
     "  `mail` varchar(255)\n);\nINSERT INTO `customers` VALUES (1,'someone@lab.test');\n",
     "application/sql"},
    {"/site.zip",
     "PK\x03\x04\x14\0\0\0\0\0\0\0\x21\x58\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0index.php"
     "PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\x21\x58\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0"
     "\0\0\0\0\0\0index.phpPK\x05\x06\0\0\0\0\x01\0\x01\0\x37\0\0\0\x27\0\0\0\0\0"sv,
     "application/zip"},
};
constexpr Ids kBackupIds[] = {"sql-dump-exposed", "zip-backup-exposed"};

// ---- servers as they were installed ---------------------------------------------------------
constexpr Page kNginxPages[] = {
    {"/",
     "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n"
     "<h1>Welcome to nginx!</h1>\n<p>If you see this page, the nginx web server is installed.</p>\n"
     "</body>\n</html>\n"},
};
constexpr Ids kNginxIds[] = {"nginx-welcome-page"};

constexpr Page kApachePages[] = {
    {"/",
     "<!DOCTYPE html>\n<html><head><title>Apache2 Debian Default Page: It works</title></head>\n"
     "<body><h1>It works!</h1></body></html>\n"},
};
constexpr Ids kApacheIds[] = {"apache-default-page"};

constexpr Page kStatusPages[] = {
    {"/server-status",
     "<html><head><title>Apache Status</title></head><body>\n"
     "<h1>Apache Server Status for status.lab.test (via 127.0.0.1)</h1>\n"
     "<dl><dt>Server Version: Apache/2.4.57 (Debian) OpenSSL/3.0.11</dt>\n"
     "<dt>Server Built: 2023-04-13T03:26:51</dt></dl>\n"
     "<table><tr><td>10.0.0.7</td><td>GET /intranet/payroll HTTP/1.1</td></tr></table>\n"
     "</body></html>\n"},
};
constexpr Ids kStatusIds[] = {"apache-server-status"};

constexpr Page kCdnPages[] = {
    {"/nginx_status",
     "Active connections: 3 \nserver accepts handled requests\n 1021 1021 4711 \n"
     "Reading: 0 Writing: 1 Waiting: 2 \n",
     kText},
};
constexpr Ids kCdnIds[] = {"nginx-stub-status", "path-traversal"};

std::optional<WebResponse> cdn(const WebRequest& request) {
  const auto path = request.path();
  const bool climbs = path.find("..") != path.npos || path.find("%2e%2e") != path.npos;
  if (!path.starts_with("/assets/") || !climbs || !path.ends_with("/etc/passwd")) return {};
  return web_page(200, std::string(kText),
                  "root:x:0:0:root:/root:/bin/bash\nlab:x:1000:1000::/srv/lab:/bin/sh\n");
}

constexpr Page kTestPages[] = {
    {"/info.php",
     "<html><head><title>PHP 8.1.2 - phpinfo()</title></head><body>\n"
     "<h1 class=\"p\">PHP Version 8.1.2</h1>\n<table><tr><td class=\"e\">PHP Extension </td>"
     "<td class=\"v\">20210902 </td></tr>\n<tr><td class=\"e\">DOCUMENT_ROOT</td>"
     "<td class=\"v\">/var/www/test</td></tr></table></body></html>\n"},
};
constexpr Ids kTestIds[] = {"phpinfo-page"};

// ---- applications ---------------------------------------------------------------------------
constexpr Ids kLoginIds[] = {"open-redirect"};

std::optional<WebResponse> login(const WebRequest& request) {
  const std::string next = request.parameter("next");
  if (request.path() != "/redirect" || next.empty()) return {};
  return web_page(302, "", "").with("Location", next);
}

constexpr Page kShopPages[] = {
    {"/",
     "<html><head><title>Lab shop</title></head><body><form action=\"/search\">"
     "<input name=\"q\"></form></body></html>\n",
     "text/html; charset=utf-8", 200, "Set-Cookie: session=3f9a0c1b7d2e4856; Path=/"},
};
constexpr Ids kShopIds[] = {"cookie-without-httponly", "missing-security-headers",
                            "reflected-parameter"};

std::optional<WebResponse> shop(const WebRequest& request) {
  if (request.path() != "/search") return {};
  return web_page(200, "text/html; charset=utf-8",
                  fmt::format("<html><title>Search</title><p>Nothing found for {}</p></html>\n",
                              request.parameter("q")));
}

constexpr Page kAdminPages[] = {
    {"/admin/",
     "<html><head><title>Site Administration</title></head><body>\n"
     "<form method=\"post\" action=\"/login\"><input name=\"username\">"
     "<input type=\"password\" name=\"password\"></form></body></html>\n"},
};
constexpr Ids kAdminIds[] = {"admin-panel", "default-login"};

std::optional<WebResponse> admin(const WebRequest& request) {
  if (request.method != "POST" || request.path() != "/login") return {};
  if (request.form("username") != "admin" || request.form("password") != "admin")
    return web_page(401, std::string(kText), "wrong name or password\n");
  return web_page(302, "", "")
      .with("Location", "/dashboard")
      .with("Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly");
}

constexpr std::string_view kToken = "5d41402abc4b2a76b9719d911017c592";
constexpr Page kIntranetPages[] = {
    {"/signin",
     "<html><head><title>Intranet</title></head><body><form method=\"post\">\n"
     "<input type=\"hidden\" name=\"csrf_token\" value=\"5d41402abc4b2a76b9719d911017c592\">\n"
     "<input name=\"user\"><input type=\"password\" name=\"pass\"></form></body></html>\n"},
};
constexpr Ids kIntranetIds[] = {"default-login-with-token"};

std::optional<WebResponse> intranet(const WebRequest& request) {
  if (request.method != "POST" || request.path() != "/signin") return {};
  const bool right = request.form("csrf_token") == kToken && request.form("user") == "admin" &&
                     request.form("pass") == "changeme";
  if (!right) return web_page(403, std::string(kText), "no\n");
  return web_page(200, "text/html; charset=utf-8", "<p>Signed in as admin</p>\n");
}

constexpr Page kVpnPages[] = {
    {"/portal", "", "", 302, "Location: /portal/"},
    {"/portal/", "", "", 302, "Location: start.html"},
    {"/portal/start.html",
     "<html><head><title>Remote Access Portal</title></head><body><form>"
     "<input name=\"user\"><input name=\"otp\"></form></body></html>\n"},
};
constexpr Ids kVpnIds[] = {"portal-behind-redirect"};

// ---- machines talking to machines -------------------------------------------------------------
constexpr std::string_view kIcon =
    "\0\0\x01\0\x01\0\x01\x01\0\0\x01\0\x20\0\x30\0\0\0\x16\0\0\0\x28\0\0\0\x01\0\0\0\x02\0\0\0"
    "\x01\0\x20\0\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x38\x4d\xe0\xff\0\0\0\0"sv;
constexpr Page kMonitorPages[] = {
    {"/favicon.ico", kIcon, "image/x-icon"},
    {"/metrics",
     "# HELP http_requests_total Requests served.\n# TYPE http_requests_total counter\n"
     "http_requests_total{handler=\"/orders\",host=\"app-3.internal\"} 4711\n",
     "text/plain; version=0.0.4"},
};
constexpr Ids kMonitorIds[] = {"favicon-dashboard", "prometheus-metrics-exposed"};

constexpr Page kApiPages[] = {
    {"/v3/api-docs",
     "{\"openapi\": \"3.0.1\", \"info\": {\"title\": \"Orders\", \"version\": \"7\"}, "
     "\"paths\": {\"/orders/{id}\": {\"get\": {}}}}\n",
     kJson},
};
constexpr Ids kApiIds[] = {"cors-any-origin", "graphql-introspection", "openapi-exposed"};

std::optional<WebResponse> api(const WebRequest& request) {
  if (request.method == "POST" && request.path() == "/graphql") {
    if (request.body.find("__schema") == std::string::npos) return {};
    return web_page(200, std::string(kJson),
                    "{\"data\":{\"__schema\":{\"queryType\":{\"name\":\"Query\"},"
                    "\"types\":[{\"name\":\"Order\"},{\"name\":\"Refund\"}]}}}\n");
  }
  const auto origin = request.header("Origin");
  if (origin.empty() || request.path() != "/") return {};
  return web_page(200, std::string(kJson), "{\"orders\":[]}\n")
      .with("Access-Control-Allow-Origin", std::string(origin))
      .with("Access-Control-Allow-Credentials", "true");
}

constexpr Page kBackendPages[] = {
    {"/actuator/env",
     "{\"activeProfiles\":[\"production\"],\"propertySources\":[{\"name\":\"systemEnvironment\","
     "\"properties\":{\"DB_URL\":{\"value\":\"jdbc:postgresql://db.lab.test/orders\"}}}]}\n",
     "application/vnd.spring-boot.actuator.v3+json"},
};
constexpr Ids kBackendIds[] = {"actuator-exposed"};

constexpr Page kJenkinsPages[] = {
    {"/",
     "<html><head><title>Dashboard [Jenkins]</title></head><body><a href=\"/job/deploy/\">deploy"
     "</a></body></html>\n",
     "text/html; charset=utf-8", 200, "X-Jenkins: 2.150.1"},
};
constexpr Ids kJenkinsIds[] = {"ci-dashboard-open"};

constexpr Page kRegistryPages[] = {
    {"/v2/_catalog", "{\"repositories\":[\"orders\",\"payroll\"]}\n", kJson, 200,
     "Docker-Distribution-Api-Version: registry/2.0"},
};
constexpr Ids kRegistryIds[] = {"docker-registry-open"};

constexpr Page kSearchPages[] = {
    {"/",
     "{\n  \"name\" : \"node-1\",\n  \"cluster_name\" : \"orders\",\n"
     "  \"version\" : { \"number\" : \"7.10.2\" },\n  \"tagline\" : \"You Know, for Search\"\n}\n",
     kJson},
    {"/_cat/indices", "green open customers xY1 1 1 4711 0 9mb 4mb\n", kText},
};
constexpr Ids kSearchIds[] = {"search-cluster-open"};

// ---- the rest -------------------------------------------------------------------------------
constexpr Ids kLegacyIds[] = {"http-trace-enabled", "server-version-header"};

std::optional<WebResponse> legacy(const WebRequest& request) {
  if (request.method != "TRACE") return {};
  return web_page(200, "message/http", request.head);
}

constexpr Ids kStagingIds[] = {"debug-error-page"};

std::optional<WebResponse> staging(const WebRequest& request) {
  if (request.path() == "/") return {};
  return web_page(404, "text/html; charset=utf-8",
                  "<html><title>Not found</title><pre>Traceback (most recent call last):\n"
                  "  File \"/srv/orders/router.py\", line 88, in dispatch\n"
                  "LookupError: no route\n</pre></html>\n");
}

constexpr Page kDemoPages[] = {{"/", "", ""}};
constexpr Ids kDemoIds[] = {"blank-start-page"};

constexpr Page kSecurePages[] = {
    {"/",
     "<html><head><title>Nothing wrong here</title></head><body><p>This host is kept well.</p>"
     "</body></html>\n"},
    {"/favicon.ico", "GIF89a\x01\0\x01\0"sv, "image/gif"},
    {"/robots.txt", "User-agent: *\nDisallow:\n", kText},
};

std::optional<WebResponse> download(const WebRequest& request) {
  static const auto body = std::make_shared<const std::string>(100'000, 'x');  // by all answers
  if (request.path() != "/") return {};
  WebResponse response;
  response.type = kText;
  response.body = body;
  return response;
}

constexpr Site kSites[] = {
    {"www", "tells search engines, and us, where not to look", kWwwPages, kWwwIds},
    {"git", "its .git folder was deployed", kGitPages, kGitIds},
    {"svn", "a Subversion working copy", kSvnPages, kSvnIds},
    {"files", "lists its folders", kFilesPages, kFilesIds},
    {"app", "an environment file in the web root", kAppPages, kAppIds},
    {"old", "copies of configurations", kOldPages, kOldIds},
    {"backup", "backups for everyone", kBackupPages, kBackupIds},
    {"beta", "nginx as it was installed", kNginxPages, kNginxIds, "nginx"},
    {"web", "Apache httpd as it was installed", kApachePages, kApacheIds, "Apache"},
    {"status", "an open status page", kStatusPages, kStatusIds, "Apache"},
    {"cdn", "serves files outside its root", kCdnPages, kCdnIds, "nginx", true, cdn},
    {"test", "a forgotten phpinfo()", kTestPages, kTestIds},
    {"login", "redirects anywhere", {}, kLoginIds, "lab", true, login},
    {"shop", "no protection for browsers", kShopPages, kShopIds, "lab", false, shop},
    {"admin", "the password from the manual", kAdminPages, kAdminIds, "lab", true, admin},
    {"intranet", "the same behind a form token", kIntranetPages, kIntranetIds, "lab", true,
     intranet},
    {"vpn", "a portal behind two redirects", kVpnPages, kVpnIds},
    {"monitor", "metrics and a tell-tale icon", kMonitorPages, kMonitorIds},
    {"api", "describes itself to everyone", kApiPages, kApiIds, "lab", true, api},
    {"backend", "management endpoints", kBackendPages, kBackendIds},
    {"jenkins", "a build server without a door", kJenkinsPages, kJenkinsIds},
    {"registry", "an open container registry", kRegistryPages, kRegistryIds},
    {"search", "an open search cluster", kSearchPages, kSearchIds},
    {"legacy",
     "names its version, answers TRACE",
     {},
     kLegacyIds,
     "Apache/2.4.10 (Debian)",
     true,
     legacy},
    {"staging", "shows its stack trace", {}, kStagingIds, "lab", true, staging},
    {"demo", "an empty start page", kDemoPages, kDemoIds},
    {"secure", "nothing wrong", kSecurePages},
    {"download", "nothing wrong, pages of 100 KB", {}, {}, "lab", true, download},
};

constexpr Site kBroken[] = {
    {"reset", "resets the connection", {}, {}, "lab", true, nullptr, Behaviour::kReset},
    {"drip", "sends one byte at a time", {}, {}, "lab", true, nullptr, Behaviour::kDrip},
    {"garbage", "sends garbage", {}, {}, "lab", true, nullptr, Behaviour::kGarbage},
    {"short", "sends less than it promised", {}, {}, "lab", true, nullptr, Behaviour::kShort},
};

}  // namespace

std::span<const Site> sites() { return kSites; }
std::span<const Site> broken_sites() { return kBroken; }

}  // namespace m8::lab
