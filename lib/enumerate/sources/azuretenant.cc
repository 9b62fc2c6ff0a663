// azuretenant: the domains of the Microsoft 365 tenant that the domain is in (autodiscover, SOAP).
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {
namespace {

constexpr std::string_view kQuestion = R"(<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:exm="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Header><a:Action soap:mustUnderstand="1">http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetFederationInformation</a:Action>
<a:To soap:mustUnderstand="1">https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc</a:To>
<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo></soap:Header>
<soap:Body><GetFederationInformationRequestMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover">
<Request><Domain>{domain}</Domain></Request></GetFederationInformationRequestMessage></soap:Body></soap:Envelope>)";

}  // namespace

extern constinit const Source kAzuretenant{
    .name = "azuretenant",
    .url = "https://autodiscover-s.outlook.com",
    .headers =
        "Content-Type: text/xml; charset=utf-8\nSOAPAction: "
        "\"http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/"
        "GetFederationInformation\"",
    .ask = {.path = "/autodiscover/autodiscover.svc", .body = kQuestion},
    .form = Form::kText,
};

}  // namespace m8::enumerate::sources
