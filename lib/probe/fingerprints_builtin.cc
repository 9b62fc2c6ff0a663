// The built-in technologies: what is on most hosts, written for this project from the products'
// documentation and their default answers.
#include "probe/fingerprints.h"

namespace m8::probe {
namespace {

struct Row {
  const char* name;
  Pattern::Part part;
  const char* key;
  const char* pattern;
  const char* implies;  ///< one technology, or null
};

constexpr auto kHeader = Pattern::Part::kHeader;
constexpr auto kCookie = Pattern::Part::kCookie;
constexpr auto kMeta = Pattern::Part::kMeta;
constexpr auto kHtml = Pattern::Part::kHtml;
constexpr auto kScript = Pattern::Part::kScript;

constexpr Row kRows[] = {
    {"Nginx", kHeader, "server", R"(^nginx(?:/([\d.]+))?\;version:\1)", nullptr},
    {"Nginx", kHtml, "", R"(<hr><center>nginx(?:/([\d.]+))?</center>\;version:\1)", nullptr},
    {"OpenResty", kHeader, "server", R"(^openresty(?:/([\d.]+))?\;version:\1)", "Nginx"},
    {"Apache HTTP Server", kHeader, "server", R"(^apache(?:/([\d.]+))?(?: |$)\;version:\1)",
     nullptr},
    {"Apache Tomcat", kHtml, "", R"(<h3>apache tomcat/([\d.]+)</h3>\;version:\1)", "Java"},
    {"Apache Tomcat", kHtml, "", R"(<title>apache tomcat(?:/([\d.]+))?\;version:\1)", "Java"},
    {"IIS", kHeader, "server", R"(^microsoft-iis(?:/([\d.]+))?\;version:\1)", "Windows Server"},
    {"Microsoft ASP.NET", kHeader, "x-aspnet-version", R"((.+)\;version:\1)", nullptr},
    {"Microsoft ASP.NET", kHeader, "x-powered-by", R"(^asp\.net)", nullptr},
    {"Microsoft ASP.NET", kCookie, "asp.net_sessionid", "", nullptr},
    {"Microsoft ASP.NET", kHtml, "", R"(<input[^>]+name="__viewstate)", nullptr},
    {"LiteSpeed", kHeader, "server", R"(^litespeed)", nullptr},
    {"Caddy", kHeader, "server", R"(^caddy)", "Go"},
    {"lighttpd", kHeader, "server", R"(^lighttpd(?:/([\d.]+))?\;version:\1)", nullptr},
    {"Envoy", kHeader, "server", R"(^envoy$)", nullptr},
    {"Envoy", kHeader, "x-envoy-upstream-service-time", "", nullptr},
    {"Jetty", kHeader, "server", R"(^jetty(?:\(([\w.]+)\))?\;version:\1)", "Java"},
    {"gunicorn", kHeader, "server", R"(^gunicorn(?:/([\d.]+))?\;version:\1)", "Python"},
    {"Uvicorn", kHeader, "server", R"(^uvicorn)", "Python"},
    {"Werkzeug", kHeader, "server", R"(^werkzeug/([\d.]+)\;version:\1)", "Python"},
    {"Python", kHeader, "server", R"((?:^|\s)python/([\d.]+)\;version:\1)", nullptr},
    {"OpenSSL", kHeader, "server", R"(openssl/([\d.]+[a-z]?)\;version:\1)", nullptr},
    {"Ubuntu", kHeader, "server", R"(\(ubuntu\))", nullptr},
    {"Debian", kHeader, "server", R"(\(debian\))", nullptr},
    {"Cloudflare", kHeader, "server", R"(^cloudflare$)", nullptr},
    {"Cloudflare", kHeader, "cf-ray", "", nullptr},
    {"Amazon CloudFront", kHeader, "x-amz-cf-id", "", "Amazon Web Services"},
    {"Amazon S3", kHeader, "server", R"(^amazons3$)", "Amazon Web Services"},
    {"Amazon ALB", kHeader, "server", R"(^awselb/([\d.]+)\;version:\1)", "Amazon Web Services"},
    {"Amazon ALB", kCookie, "awsalb", "", "Amazon Web Services"},
    {"Fastly", kHeader, "x-served-by", R"(^cache-)", "Varnish"},
    {"Varnish", kHeader, "x-varnish", "", nullptr},
    {"Varnish", kHeader, "via", R"(varnish(?: \(varnish/([\d.]+)\))?\;version:\1)", nullptr},
    {"Akamai", kHeader, "server", R"(^akamaighost$)", nullptr},
    {"Imperva", kHeader, "x-iinfo", "", nullptr},
    {"Vercel", kHeader, "x-vercel-id", "", nullptr},
    {"Netlify", kHeader, "x-nf-request-id", "", nullptr},
    {"GitHub Pages", kHeader, "x-github-request-id", "", nullptr},
    {"HSTS", kHeader, "strict-transport-security", "", nullptr},
    {"HTTP/3", kHeader, "alt-svc", R"(h3(?:-\d+)?=)", nullptr},
    {"PHP", kHeader, "x-powered-by", R"(^php(?:/([\d.]+))?\;version:\1)", nullptr},
    {"PHP", kHeader, "server", R"(php/([\d.]+)\;version:\1)", nullptr},
    {"PHP", kCookie, "phpsessid", "", nullptr},
    {"Java", kCookie, "jsessionid", "", nullptr},
    {"Express", kHeader, "x-powered-by", R"(^express$)", "Node.js"},
    {"Next.js", kHeader, "x-powered-by", R"(^next\.js ?([\d.]+)?\;version:\1)", "Node.js"},
    {"Next.js", kScript, "", R"(/_next/static/)", "React"},
    {"Nuxt.js", kScript, "", R"(/_nuxt/)", "Vue.js"},
    {"Ruby on Rails", kHeader, "x-powered-by", R"(mod_rails|phusion passenger)", "Ruby"},
    {"Ruby on Rails", kMeta, "csrf-param", R"(^authenticity_token$)", "Ruby"},
    {"Django", kCookie, "csrftoken", "", "Python"},
    {"Django", kHtml, "", R"(<input[^>]+name=["']csrfmiddlewaretoken)", "Python"},
    {"Laravel", kCookie, "laravel_session", "", "PHP"},
    {"WordPress", kMeta, "generator", R"(^wordpress ?([\d.]+)?\;version:\1)", "PHP"},
    {"WordPress", kHeader, "link", R"(rel="https://api\.w\.org/")", "PHP"},
    {"WordPress", kHtml, "", R"(<link[^>]+/wp-(?:content|includes)/)", "PHP"},
    {"WordPress", kScript, "", R"(/wp-(?:content|includes)/)", "PHP"},
    {"WooCommerce", kScript, "", R"(/plugins/woocommerce/.+?(?:\?ver=([\d.]+))?$\;version:\1)",
     "WordPress"},
    {"Drupal", kMeta, "generator", R"(^drupal(?:\s([\d.]+))?\;version:\1)", "PHP"},
    {"Drupal", kHeader, "x-generator", R"(^drupal(?:\s([\d.]+))?\;version:\1)", "PHP"},
    {"Joomla", kMeta, "generator", R"(^joomla!(?: ([\d.]+))?\;version:\1)", "PHP"},
    {"TYPO3 CMS", kMeta, "generator", R"(^typo3\s+(?:cms\s+)?([\d.]+)?\;version:\1)", "PHP"},
    {"Ghost", kMeta, "generator", R"(^ghost(?:\s([\d.]+))?\;version:\1)", "Node.js"},
    {"Hugo", kMeta, "generator", R"(^hugo ([\d.]+)?\;version:\1)", nullptr},
    {"Jekyll", kMeta, "generator", R"(^jekyll v?([\d.]+)?\;version:\1)", nullptr},
    {"MediaWiki", kMeta, "generator", R"(^mediawiki ?([\d.]+)?\;version:\1)", "PHP"},
    {"Shopify", kHeader, "x-shopid", "", nullptr},
    {"Shopify", kScript, "", R"(cdn\.shopify\.com)", nullptr},
    {"Magento", kScript, "", R"(/mage/|/static/frontend/)", "PHP"},
    {"Squarespace", kScript, "", R"(static1?\.squarespace\.com)", nullptr},
    {"Wix", kMeta, "generator", R"(^wix\.com website builder)", nullptr},
    {"GitLab", kMeta, "og:site_name", R"(^gitlab$)", "Ruby on Rails"},
    {"GitLab", kCookie, "_gitlab_session", "", "Ruby on Rails"},
    {"Jenkins", kHeader, "x-jenkins", R"(([\d.]+)\;version:\1)", "Java"},
    {"Grafana", kHtml, "", R"(<title>grafana</title>)", "Go"},
    {"Kibana", kHeader, "kbn-name", "", "Elasticsearch"},
    {"Prometheus", kHtml, "", R"(<title>prometheus(?: time series)?)", "Go"},
    {"RabbitMQ", kHtml, "", R"(<title>rabbitmq management</title>)", "Erlang"},
    {"phpMyAdmin", kHtml, "", R"(<title>phpmyadmin(?: ([\d.]+))?\;version:\1)", "PHP"},
    {"phpMyAdmin", kCookie, "phpmyadmin", "", "PHP"},
    {"Swagger UI", kScript, "", R"(swagger-ui(?:-bundle)?\.js)", nullptr},
    {"jQuery", kScript, "", R"(/jquery[.-](\d+(?:\.\d+)+)(?:\.slim)?(?:\.min)?\.js\;version:\1)",
     nullptr},
    {"jQuery", kScript, "", R"(/(\d+\.\d+\.\d+)/jquery(?:\.min)?\.js\;version:\1)", nullptr},
    {"jQuery", kScript, "", R"(/jquery(?:\.min)?\.js)", nullptr},
    {"Bootstrap", kScript, "", R"(bootstrap(?:\.bundle)?(?:\.min)?\.js)", nullptr},
    {"Bootstrap", kHtml, "", R"(<link[^>]+?href=["'][^"']*bootstrap(?:\.min)?\.css)", nullptr},
    {"React", kScript, "", R"(react(?:-dom)?(?:\.production)?(?:\.min)?\.js)", nullptr},
    {"React", kHtml, "", R"(<[^>]+data-reactroot)", nullptr},
    {"Angular", kHtml, "", R"x(<[^>]+ ng-version="([\d.]+)"\;version:\1)x", nullptr},
    {"AngularJS", kScript, "", R"(angular(?:\.min)?\.js)", nullptr},
    {"Vue.js", kScript, "", R"(vue(?:\.global)?(?:\.prod)?(?:\.min)?\.js)", nullptr},
    {"Vue.js", kHtml, "", R"(<[^>]+\sdata-v-[0-9a-f]{8})", nullptr},
    {"Google Analytics", kScript, "", R"(google-analytics\.com/(?:ga|urchin|analytics)\.js)",
     nullptr},
    {"Google Tag Manager", kScript, "", R"(googletagmanager\.com/gt(?:m|ag/js))", nullptr},
    {"reCAPTCHA", kScript, "", R"(/recaptcha/(?:api|enterprise)\.js)", nullptr},
};

}  // namespace

Fingerprints Fingerprints::builtin() {
  Fingerprints out;
  for (const Row& row : kRows) {
    if (out.technologies.empty() || out.technologies.back().name != row.name)
      out.technologies.push_back({row.name, {}});
    Fingerprint& technology = out.technologies.back();
    if (row.implies != nullptr && technology.implies.empty())
      technology.implies.push_back({row.implies, {}, -1});
    Pattern pattern;
    pattern.part = row.part;
    pattern.technology = static_cast<std::uint32_t>(out.technologies.size() - 1);
    pattern.key = row.key;
    read_pattern(row.pattern, pattern);
    out.patterns.push_back(std::move(pattern));
  }
  return out;
}

}  // namespace m8::probe
