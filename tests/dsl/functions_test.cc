// Tables of the helper families: what each gives, and what it says to bad arguments.
#include "dsl/function_fixture.h"

namespace m8::dsl {
namespace {

TEST_CASE("dsl/functions: text") {
  check({
      {"contains(12.5, '.')", "bool", "true"},
      {"contains(list, 'b c')", "bool", "true"},
      {"contains_all('abc')", "bool", "true"},
      {"contains_any('abc')", "bool", "false"},
      {"starts_with('abc', 'x', 'ab')", "bool", "true"},
      {"startswith('abc', 'ab')", "bool", "true"},
      {"starts_with('abc')", "error", "invalid DSL function signature"},
      {"ends_with('abc', 'bc')", "bool", "true"},
      {"line_starts_with(lines, 'two')", "bool", "true"},
      {"line_ends_with(lines, 'one')", "bool", "false"},
      {"line_ends_with(lines, 'three')", "bool", "true"},
      {"to_lower('ÀÉ')", "string", "àé"},
      {"toupper(odd)", "string", "CAFÉ \xef\xbf\xbd."},
      {"to_title('hello wORLD it\\'s')", "string", "Hello World It's"},
      {"to_title('ijs', 'nl')", "string", "IJs"},
      {"concat('a', 1, true, 1.5, nothing, list)", "string", "a1true1.5[a b c]"},
      {"replace('aaa', 'aa', 'b')", "string", "ba"},
      {"replace('日本', '', '-')", "string", "-日-本-"},
      {"replace_regex('abc123', '([a-z]+)(\\\\d+)', '$2-$1')", "string", "123-abc"},
      {"regex_any('^b$', 'a', 'b')", "bool", "true"},
      {"trim('éaé', 'é')", "string", "a"},
      {"trim_space(' \\u00a0')", "string", "u00a0"},
      {"trim_right('a\xff', '\xff')", "string", "a"},
      {"trim_prefix('aaab', 'a')", "string", "aab"},
      {"reverse('héllo')", "string", "olléh"},
      {"repeat('ab', 0)", "string", ""},
      {"repeat('', 999999999)", "string", ""},
      {"substr('abcdef', 2, 4)", "string", "cd"},
      {"substr('abcdef', 3, 9)", "error", "end position bigger than slice length start"},
      {"padding('A', 'b', 0, 'prefix')", "error", "invalid padding length"},
      {"padding('A', 'b', 3)", "error",
       "invalid DSL function signature. correct method signature \"padding(arg1, arg2, arg3, arg4 "
       "interface{}) interface{}\""},
      {"count('aaaa', 'aa')", "int", "2"},
  });
}

TEST_CASE("dsl/functions: lists") {
  check({
      {"split('ab,cd', ',')", "list", "[ab cd]"},
      {"split('a,b,c', ',', 0)", "list", "[]"},
      {"split('日本語', 2)", "list", "[日本 語]"},
      {"split('abc', '')", "list", "[a b c]"},
      {"split('abc', '', 2)", "list", "[a bc]"},
      {"join('-', list)", "string", "a b-c"},
      {"join('-', list, 'x')", "error", "cannot use join on more than one slice element"},
      {"index(list, 1)", "string", "c"},
      {"index(list, 2)", "error", "index out of range for [a b c]: 2"},
      {"len(list)", "number", "2"},
      {"sort('a1b2')", "string", "12ab"},
      {"uniq('b', 'a', 'b')", "list", "[b a]"},
      {"(1, 'x') == list", "bool", "false"},
  });
}

TEST_CASE("dsl/functions: encodings") {
  check({
      {"base64_py('')", "string", "\n"},
      {"hex_encode(123)", "string", ""},
      {"hex_encode(raw, 'x')", "string", "\\xff\\x00"},
      {"hex_decode('6z')", "error", "encoding/hex: invalid byte: U+007A 'z'"},
      {"hex_decode('616')", "error", "encoding/hex: odd length hex string"},
      {"url_encode('a_b', true)", "string", "a%5Fb"},
      {"url_encode(odd)", "string", "caf%C3%A9%20%FF."},
      {"url_decode('%41%4')", "string", "A%4"},
      {"html_escape('<a href=\\'x\\'>')", "string", "&lt;a href&equals;&apos;x&apos;&gt;"},
      {"html_unescape('&lt;&eacute;&#x41;&copy&#0;&#x80;&unknown;&')", "string",
       "<éA©\xef\xbf\xbd€&unknown;&"},
      {"html_unescape('&notit; &#;')", "string", "¬it; &#;"},
      {"json_minify('{ \"b\":1.0, \"a\":[true,null,1e-9,\"<\"] }')", "string",
       "{\"a\":[true,null,1e-9,\"\\u003c\"],\"b\":1}"},
      {"json_prettify('[1,{\"a\":[]}]')", "string",
       "[\n    1,\n    {\n        \"a\": []\n    }\n]"},
      {"dec_to_hex(-255)", "string", "-ff"},
      {"dec_to_hex('x')", "error", "invalid number: string"},
      {"hex_to_dec('0x-1')", "error", "invalid number: 0x-1"},
      {"oct_to_dec('0o17')", "number", "15"},
      {"xor('ab', 1)", "error", "invalid argument type float64"},
      {"hex_encode(xor('AB', '  '))", "string", "6162"},
      {"unpack('<H', 'AB')", "int", "16961"},
      {"unpack('B', hex_decode('ff'))", "int", "255"},
      {"unpack('b', hex_decode('ff'))", "int", "-1"},
      {"unpack('>Q', 'AB')", "error", "no result"},
  });
}

TEST_CASE("dsl/functions: compression") {
  check({
      {"hex_encode(gzip('Hello'))", "string",
       "1f8b08000000000000fff248cdc9c907040000ffff8289d1f705000000"},
      {"hex_encode(zlib('Hello'))", "string", "789cf248cdc9c907040000ffff058c01f5"},
      {"hex_encode(deflate(''))", "string", "010000ffff"},
      {"inflate(deflate(repeat('abc', 100)), 7)", "string", "abcabca"},
      {"gzip_decode(gzip('abc'), 'x')", "string", "abc"},
      {"gzip_mtime('x')", "error", "gzip: invalid header"},
      {"zip('a')", "error", "zip function requires pairs of file entry and content"},
      {"zip('a', 1)", "error", "content must be a string"},
      {"zip(1, 'a')", "error", "file entry must be a string"},
  });
}

TEST_CASE("dsl/functions: hashes and tokens") {
  check({
      {"md5('Hello')", "string", "8b1a9953c4611296a827abf8c47804d7"},
      {"mmh3('')", "string", "0"},
      {"mmh3('Hello')", "string", "316307400"},
      {"hmac('sha1', 'test', 'scrt')", "string", "8856b111056d946d5c6c92a21b43c233596623c6"},
      {"hmac('md5', 'a', 'b')", "error", "unsupported hash algorithm: 'md5'"},
      {"hex_encode(aes_cbc('hello', '0123456789abcdef', 'abcdef9876543210'))", "string",
       "ae46ee99bb420a590df8991db3b6d027"},
      {"aes_cbc('hello', 'short', 'abcdef9876543210')", "error", "crypto/aes: invalid key size 5"},
      {"len(aes_gcm('0123456789abcdef', 'hello'))", "number", "33"},
      {"rsa_encrypt('a', 'no key')", "error", "invalid PEM format"},
      {"generate_jwt('{\"a\":1}', 'none')", "bytes",
       "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJhIjoxfQ."},
      {"generate_jwt('{}', 'XX')", "error", "invalid algorithm: XX"},
      {"generate_jwt('[]', 'none')", "error",
       "json: cannot unmarshal array into Go value of type map[string]interface {}"},
      {"index(split(to_string(generate_jwt('{}', 'none', '', 1700000100)), '.'), 1)", "string",
       "eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDEwMH0"},
  });
}

TEST_CASE("dsl/functions: numbers and addresses") {
  check({
      {"to_number('007')", "number", "7"},
      {"to_number('1e3')", "number", "1000"},
      {"to_number(' 1')", "error", " 1 could not be converted to int"},
      {"to_number('')", "error", "strconv.Atoi: parsing \"\": invalid syntax"},
      {"to_bool(' TRUE ')", "bool", "true"},
      {"to_bool('TrUe')", "bool", "false"},
      {"to_bool('1.0')", "bool", "true"},
      {"to_string(1e)", "error", "Cannot transition token types from NUMERIC [1] to VARIABLE [e]"},
      {"ip_format('127.0.0.1', 2)", "string", "127.1"},
      {"ip_format('127.0.0.1', 3)", "string", "0177.0.0.01"},
      {"ip_format('127.0.0.1', 8)", "string", "::ffff:7f00:0001"},
      {"ip_format('127.0.0.1', 9)", "string", "%31%32%37%2E%30%2E%30%2E%31"},
      {"ip_format('127.0.1.0', '11')", "string", "127.0.256"},
      {"ip_format('127.0.0.1', '11')", "error", "no formatted IP returned"},
      {"ip_format('nonsense', 1)", "string", "<nil>"},
      {"ip_format('1.1.1.1', 0)", "error", "invalid format, format must be in range 1-11"},
  });
}

struct VersionRow {
  const char* version;
  const char* constraint;
  bool holds;
};

TEST_CASE("dsl/functions: versions") {
  const std::vector<VersionRow> rows{
      {"1.2.3", "> 1.2", true},
      {"1.2.3", ">=1.2.3,<1.3", true},
      {"1.2.3-rc1", "< 1.2.3", false},
      {"1.2.3", "> 1.2.3-rc1", true},
      {"1.2.3-rc2", "> 1.2.3-rc1", true},
      {"5.7.33-log", "< 5.8", false},
      {"7.4p1", "< 9.9", false},
      {"1.0.0-a", "> 1.0.0-a.b", true},
      {"1.0.0-1", "> 1.0.0-1.1", false},
      {"1.0.0-a.10", "> 1.0.0-a.9", true},
      {"1.3", "~> 1.2", true},
      {"2.0", "~> 1.2", false},
      {"3.0.0", "~> 2", true},
      {"1.2.3+meta", "= 1.2.3", true},
      {"8u191", "!= 8", true},
  };
  for (const VersionRow& row : rows) {
    CAPTURE(row.version);
    CAPTURE(row.constraint);
    const auto value =
        evaluate(std::string("compare_versions('") + row.version + "', '" + row.constraint + "')");
    REQUIRE_MESSAGE(value.ok(), value.error().message);
    CHECK(*value == Value(row.holds));
  }
  for (const char* version : {"", "V1", "1.", "1 2", "a", "99999999999999999999"}) {
    CAPTURE(version);
    const auto value = evaluate(std::string("compare_versions('") + version + "', '>1')");
    REQUIRE(!value.ok());
    CHECK(value.error().message.starts_with("error parsing argument value"));
  }
  CHECK(evaluate("compare_versions('1', '==1')").error().message == "malformed constraint: ==1");
}

TEST_CASE("dsl/functions: time") {
  setenv("TZ", "UTC", 1);
  check({
      {"unix_time()", "number", "1700000000"},
      {"unix_time('5') - unix_time()", "number", "5"},
      {"date_time('%Y-%M-%D %H:%m:%S')", "string", "2023-11-14 22:13:20"},
      {"date_time('%q')", "error", "invalid date time format string: %q"},
      {"date_time('Mon, 02 Jan 2006 15:04:05 MST', 1642032000)", "string",
       "Thu, 13 Jan 2022 00:00:00 UTC"},
      {"date_time('January 2, 2006 at 3pm (002) -07:00', 0)", "string",
       "January 1, 1970 at 12am (001) +00:00"},
      {"to_unix_time('13-01-2022 16:30:10.25', '02-01-2006 15:04:05')", "int", "1642091410"},
      {"to_unix_time('31/02/2022', '02/01/2006')", "error",
       "could not parse the current input with the '02/01/2006' layout"},
      {"to_unix_time(12.9)", "int", "12"},
      {"wait_for(3)", "bool", "true"},
      {"contains('12:30PM', '12')", "bool", "false"},
      {"len('2022-01-13')", "number", "10"},
      {"('2022-01-13 10:00') - ('2022-01-13')", "number", "36000"},
      {"'Thu Jan 13 00:00:00 2022'", "number", "1642032000"},
      {"'2022-13-01'", "string", "2022-13-01"},
  });
}

TEST_CASE("dsl/functions: randomness comes from the services") {
  check({
      {"rand_base(4, 'xy')", "string", "xyxy"},
      {"rand_base(3, 'xy', 1)", "string", "abc"},
      {"rand_char('')", "string", "a"},
      {"rand_text_numeric(3, '12')", "string", "345"},
      {"rand_text_alpha(2, 'ab')", "string", "cd"},
      {"rand_int(5, 6)", "int", "5"},
      {"rand_int(6, 5)", "error", "max can't be <= 0"},
      {"rand_base(-1)", "error", "negative length"},
      {"rand_text_numeric(1, '1234567890')", "error", "no characters to choose from"},
      {"rand_ip('192.0.2.7/32')", "string", "192.0.2.7"},
      {"rand_ip('192.0.2.7')", "error", "192.0.2.7 is not a valid cidr"},
  });
}

TEST_CASE("dsl/functions: random texts are drawn in one go, and long sets cost no more") {
  TestServices services;
  const auto text = Expression::compile("rand_base(1024)").value().eval(Variables(), services);
  REQUIRE(text.ok());
  CHECK(text->text().size() == 1024);
  CHECK(services.asked <= 16);
  check({
      {"len(remove_bad_chars(repeat('ab', 1000000), repeat('xyz', 1000000)))", "number", "2000000"},
      {"trim('\303\251axb\303\251', '\303\251z')", "string", "axb"},
      {"remove_bad_chars('a\303\251b', '\303\251')", "string", "ab"},
  });
}

TEST_CASE("dsl/functions: texts that are made to be slow to search are not") {
  check({
      {"contains(repeat('a', 4000000), concat(repeat('a', 2000000), 'b'))", "bool", "false"},
      {"count(repeat('a', 4000000), concat(repeat('a', 2000000), 'b'))", "int", "0"},
      {"len(replace(repeat('a', 4000000), concat(repeat('a', 2000000), 'b'), ''))", "number",
       "4000000"},
      {"len(split(repeat('a', 4000000), concat(repeat('a', 2000000), 'b')))", "number", "1"},
      {"replace('abcabc', 'bc', 'x')", "string", "axax"},
      {"count('aaaa', 'aa')", "int", "2"},
  });
}

TEST_CASE("dsl/functions: the network is asked through the services") {
  check({
      {"resolve('a.test')", "string", "a.test/a"},
      {"resolve('a.test', 'AAAA')", "string", "a.test/aaaa"},
      {"resolve('a.test', '6')", "string", "a.test/aaaa"},
      {"resolve('a.test', 'x')", "error", "invalid dns type"},
      {"public_ip()", "string", "192.0.2.1"},
      {"jarm('a.test:443')", "string", "jarm of a.test:443"},
      {"getNetworkPort('443', '6379')", "string", "6379"},
      {"getNetworkPort('6380', '6379')", "string", "6380"},
      {"md5(generate_java_gadget('dns', 'http://abc.oast.fun', 'raw'))", "string",
       "b9994ee26132bd62328c101ca5389465"},
      {"generate_java_gadget('commons', 'x', 'raw')", "error",
       "unsupported function generate_java_gadget: only the gadget dns"},
      {"generate_java_gadget(concat('com', 'mons'), 'x', 'raw')", "error",
       "unsupported function generate_java_gadget: only the gadget dns"},
      {"print_debug('x')", "bool", "true"},
  });
}

TEST_CASE("dsl/functions: results are bounded") {
  for (const std::string text : {
           "repeat('abcdefgh', 99999999)",
           "repeat('ab', '9223372036854775807')",
           "padding('a', 'b', 99999999999, 'prefix')",
           "rand_base(99999999999)",
           "replace(repeat('a', 100000), 'a', repeat('b', 100000))",
           "replace(repeat('a', 100000), '', repeat('b', 100000))",
           "replace_regex(repeat('a', 100000), '.', repeat('b', 100000))",
           "join(repeat('b', 1000000), split(repeat('a', 100000), 1))",
           "concat(repeat('b', 9000000), repeat('b', 9000000))",
           "repeat('b', 9000000) + repeat('b', 9000000)",
       }) {
    CAPTURE(text);
    const auto value = evaluate(text);
    REQUIRE(!value.ok());
    CHECK(value.error().code == ErrorCode::kExhausted);
  }
}

TEST_CASE("dsl/functions: a decompression bomb stops at its limit") {
  const auto size = evaluate("len(inflate(deflate(repeat('a', 16000000))))");
  REQUIRE(size.ok());
  CHECK(size->text() == "10485760");
}

TEST_CASE("dsl/functions: signatures of all, sorted, without the unsupported") {
  const auto signatures = function_signatures();
  CHECK(signatures.size() > 90);
  CHECK(std::is_sorted(signatures.begin(), signatures.end()));
  const auto has = [&](const char* text) {
    return std::find(signatures.begin(), signatures.end(), text) != signatures.end();
  };
  CHECK(has("to_upper(arg1 interface{}) interface{}"));
  CHECK(has("rand_int(optionalMin, optionalMax uint) int"));
  CHECK(is_function("randbase"));
  CHECK(!is_function("rand base"));
}

}  // namespace
}  // namespace m8::dsl
