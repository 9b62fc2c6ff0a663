/// The style sheet of the HTML report.
#pragma once

namespace m8::output {

// Colours have a contrast of 4.5 and more against what lies beneath them (WCAG 2.1 AA), and none
// says anything that is not also said by a word or a number.
inline constexpr const char* kReportStyle = R"css(
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#f4f6f8}
header,main,footer{max-width:72rem;margin:0 auto;padding:1rem 1.25rem}
header{padding-top:2rem}h1{margin:0;font-size:1.8rem}h2{font-size:1.3rem;margin:0 0 .75rem}
h3{font-size:1rem;margin:1rem 0 .25rem}
p.meta{margin:.25rem 0;color:#4a535e}
a{color:#0b57a4}a:focus,summary:focus,input:focus{outline:3px solid #0b57a4;outline-offset:2px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:#fff;padding:.5rem}
section{background:#fff;border:1px solid #d5dbe1;border-radius:.5rem;padding:1.25rem;margin:0 0 1.25rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;color:#4a535e;padding-bottom:.4rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #e4e8ec;vertical-align:top}
.wide{overflow-x:auto}.wide:focus{outline:3px solid #0b57a4}.hosts th[scope=row]{overflow-wrap:anywhere;min-width:8rem}.runs td{white-space:nowrap}
h3+table{max-width:24rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.cards{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;padding:0;margin:0}
.cards li{flex:1 1 8rem;border:1px solid #d5dbe1;border-left:.5rem solid #59636e;border-radius:.35rem;padding:.5rem .75rem}
.cards b{display:block;font-size:1.7rem;line-height:1.2}
.sev{display:inline-block;min-width:5.2rem;text-align:center;border-radius:.25rem;padding:0 .4rem;color:#fff;background:#59636e;font-size:.85rem;font-weight:600}
.critical .sev,.sev.critical{background:#7a0019}.high .sev,.sev.high{background:#b42318}
.medium .sev,.sev.medium{background:#96540a}.low .sev,.sev.low{background:#1f6f43}
.info .sev,.sev.info{background:#2b5f91}
.cards .critical{border-left-color:#7a0019}.cards .high{border-left-color:#b42318}
.cards .medium{border-left-color:#96540a}.cards .low{border-left-color:#1f6f43}.cards .info{border-left-color:#2b5f91}
.h1{background:#fdecea}.h2{background:#f8c9c3}.h3{background:#f0a59b}.h4{background:#b42318;color:#fff}.h5{background:#7a0019;color:#fff}
svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,sans-serif;fill:#1b1f24}
.c5{fill:#7a0019}.c4{fill:#b42318}.c3{fill:#96540a}.c2{fill:#1f6f43}.c1{fill:#2b5f91}.c0{fill:#59636e}
fieldset{border:1px solid #d5dbe1;border-radius:.35rem;margin:0 0 .75rem;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
details.issue{border:1px solid #d5dbe1;border-radius:.35rem;margin:0 0 .5rem;background:#fff}
details.issue>summary{padding:.5rem .75rem;cursor:pointer;overflow-wrap:anywhere}
details.issue>div{padding:0 .75rem .75rem;border-top:1px solid #e4e8ec}
.st{color:#4a535e;font-size:.9rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.75rem 0}dt{color:#4a535e}dd{margin:0;overflow-wrap:anywhere}
pre{background:#f4f6f8;border:1px solid #d5dbe1;border-radius:.35rem;padding:.6rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;max-height:28rem;font-size:.85rem}
body:has(#f5:not(:checked)) .issue.critical,body:has(#f4:not(:checked)) .issue.high,
body:has(#f3:not(:checked)) .issue.medium,body:has(#f2:not(:checked)) .issue.low,
body:has(#f1:not(:checked)) .issue.info,body:has(#f0:not(:checked)) .issue.unknown,
body:has(#sU:not(:checked)) .issue.U,body:has(#sV:not(:checked)) .issue.V,
body:has(#sI:not(:checked)) .issue.I,body:has(#sF:not(:checked)) .issue.F,
body:has(#sR:not(:checked)) .issue.R{display:none}
@media (max-width:40rem){header,main,footer{padding:.75rem}section{padding:.75rem}
th,td{padding:.3rem .35rem}dl{grid-template-columns:1fr}dt{margin-top:.4rem}svg text{font-size:22px}
.hosts th,.hosts td{padding:.3rem .2rem;font-size:.75rem}.hosts th[scope=row]{min-width:6rem}.hosts caption{font-size:.8rem}}
@media print{body{background:#fff;font-size:11pt}header,main,footer{max-width:none;padding:0}
section{border:0;padding:0;margin:0 0 1rem}.filters,.skip{display:none}
tr,svg,h2,h3{break-inside:avoid}h2,h3,summary,caption{break-after:avoid}
.wide{overflow:visible}th,td{padding:.2rem .35rem;font-size:9pt}
pre{max-height:none;overflow:visible;font-size:8pt;margin:.25rem 0}
details::details-content{content-visibility:visible;display:block}
.sev,.h1,.h2,.h3,.h4,.h5,.c0,.c1,.c2,.c3,.c4,.c5{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

}  // namespace m8::output
