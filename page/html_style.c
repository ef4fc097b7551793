/* The colours: each of the six tones has 4.5 : 1 or more against its background (WCAG 2.1, 1.4.3), and neighbours differ in
 * lightness as well as in hue; series also differ in their dashes. */
#include "page/html_style.h"

#define LIGHT                                                                                      \
    "--bg:#ffffff;--card:#f6f7f9;--ink:#1b1f24;--muted:#57606a;--grid:#e2e5e9;--axis:#8c959f;"     \
    "--band:#c9d1da;--t0:#0b5fad;--t1:#b8400a;--t2:#0b6e64;--t3:#7a35d6;--t4:#7d6200;--t5:#"       \
    "4b5563;"                                                                                      \
    "--good:#0b6e4f;--good-bg:#e5f5ee;--bad:#b3261e;--bad-bg:#fdecea;--unsure:#7d5a00;"            \
    "--unsure-bg:#fdf4dc;--plain:#394452;--plain-bg:#eef1f4"
#define DARK                                                                                       \
    "--bg:#14171b;--card:#1d2127;--ink:#e6e9ed;--muted:#a3acb7;--grid:#2d333b;--axis:#6b7480;"     \
    "--band:#46505c;--t0:#6cb6ff;--t1:#ff9d5c;--t2:#4fd1b5;--t3:#c4a1ff;--t4:#e3c04b;--t5:#"       \
    "aab2bd;"                                                                                      \
    "--good:#5ed3a4;--good-bg:#12312a;--bad:#ff8f87;--bad-bg:#3a1c1b;--unsure:#f0c45c;"            \
    "--unsure-bg:#352b12;--plain:#b6c0cc;--plain-bg:#262c34"

static const char PAGE[] =
    ":root{color-scheme:light dark;" LIGHT "}\n"
    "@media (prefers-color-scheme:dark){:root{" DARK "}}\n"
    "@media print{:root{" LIGHT "}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"
    "'Segoe UI',Roboto,'Noto Sans','Liberation Sans',Arial,sans-serif}\n"
    "main{max-width:1000px;margin:0 auto;padding:40px 24px 56px}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}\n"
    "h2{font-size:1.35rem;margin:3rem 0 .6rem;padding-bottom:.35rem;border-bottom:1px solid "
    "var(--grid)}\n"
    "h3{font-size:1.08rem;margin:1.8rem 0 .4rem}\n"
    "h4{font-size:.95rem;font-weight:600;margin:0 0 .5rem}\n"
    "p{margin:.55rem 0;max-width:46rem}\n"
    ".lead{color:var(--muted);margin-top:0}\n"
    ".note,figcaption,footer{color:var(--muted);font-size:.86rem;line-height:1.45}\n"
    "figure{margin:1rem 0;min-width:0;overflow-x:auto}\n"
    "figcaption{margin-top:.4rem;max-width:46rem}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,290px),1fr));gap:0 "
    "24px}\n"
    ".halves{grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}.grid>.table{align-"
    "self:center}\n"
    "footer{margin-top:3.5rem;border-top:1px solid var(--grid);padding-top:.7rem}\n"
    ".verdict{border-left:5px solid;border-radius:4px;padding:14px 18px;margin:1.2rem 0}\n"
    ".verdict strong{margin-right:.5rem}\n"
    ".verdict p{margin:.5rem 0 0;font-size:1.08rem;max-width:none}\n"
    ".badge{display:inline-block;border-radius:3px;padding:1px "
    "8px;font-size:.78rem;font-weight:600;"
    "letter-spacing:.02em;border:1px solid;white-space:nowrap}\n"
    ".badge.good{color:var(--good)}.badge.bad{color:var(--bad)}.badge.unsure{color:var(--unsure)}"
    ".badge.plain{color:var(--plain)}\n"
    ".verdict.good{background:var(--good-bg);border-color:var(--good)}\n"
    ".verdict.bad{background:var(--bad-bg);border-color:var(--bad)}\n"
    ".verdict.unsure{background:var(--unsure-bg);border-color:var(--unsure)}\n"
    ".verdict.plain{background:var(--plain-bg);border-color:var(--plain)}\n"
    ".warning{background:var(--unsure-bg);border-left:3px solid var(--unsure);border-radius:4px;"
    "padding:8px 14px;margin:.5rem 0;font-size:.92rem;overflow-wrap:anywhere}\n"
    ".table{overflow-x:auto;margin:1rem 0}\n"
    "table{border-collapse:collapse;font-size:.9rem;line-height:1.4}\n"
    "caption{text-align:left;color:var(--muted);font-size:.86rem;padding-bottom:.4rem}\n"
    "th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid "
    "var(--grid);vertical-align:top;"
    "overflow-wrap:break-word}\n"
    "th{font-weight:600;color:var(--muted);border-bottom:2px solid "
    "var(--grid);vertical-align:bottom}\n"
    "th:last-child,td:last-child{padding-right:0}\n"
    "th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "pre{background:var(--card);padding:10px "
    "14px;border-radius:4px;font-size:.86rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:minmax(120px,auto) 1fr;gap:.35rem 20px;margin:1rem 0}\n"
    "dt{color:var(--muted)}\n"
    "dd{margin:0;overflow-wrap:anywhere}\n";

static const char PICTURES[] =
    "svg{display:block;width:100%;height:auto;font-size:13px}\n"
    "svg text{fill:var(--ink)}svg .m{fill:var(--muted)}svg .i{fill:var(--bg)}svg "
    ".t{font-size:11px}\n"
    "svg .v{font-weight:600;font-variant-numeric:tabular-nums}\n"
    "svg path{fill:none}\n"
    "svg .g{stroke:var(--grid)}svg .a{stroke:var(--axis)}\n"
    "svg .r{stroke:var(--axis);stroke-width:1.5;stroke-dasharray:5 4}\n"
    "svg .w{stroke:var(--t0);stroke-width:2}\n"
    "svg .b{fill:var(--band);fill-opacity:.65}svg .c{fill:var(--t0)}\n"
    "svg .s0,svg .s1,svg .s2,svg .s3,svg .s4,svg .s5{stroke-width:2;stroke-linejoin:round}\n"
    "svg .s0{stroke:var(--t0)}svg .s1{stroke:var(--t1);stroke-dasharray:7 3}\n"
    "svg .s2{stroke:var(--t2);stroke-dasharray:2 3}svg .s3{stroke:var(--t3);stroke-dasharray:9 3 2 "
    "3}\n"
    "svg .s4{stroke:var(--t4);stroke-dasharray:4 2}svg .s5{stroke:var(--t5);stroke-dasharray:12 "
    "3}\n"
    "svg .f0{fill:var(--t0)}svg .f1{fill:var(--t1)}svg .f2{fill:var(--t2)}svg .f3{fill:var(--t3)}"
    "svg .f4{fill:var(--t4)}svg .f5{fill:var(--t5)}\n"
    "svg .p0{fill:var(--t0)}svg .p1{fill:var(--t1)}svg .p2{fill:var(--t2)}svg .p3{fill:var(--t3)}"
    "svg .p4{fill:var(--t4)}svg .p5{fill:var(--t5)}svg g{fill-opacity:.6}\n"
    "svg .h1{fill:var(--bg);stroke:var(--t1);stroke-width:2}\n"
    "svg .h2{fill:var(--bg);stroke:var(--t2);stroke-width:2}\n";

static const char PAPER[] =
    "@media print{body{font-size:10.5pt}main{max-width:none;padding:0}"
    "figure,tr,.verdict,.warning{break-inside:avoid}h2,h3,h4,caption{break-after:avoid}"
    ".verdict,.badge,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    ".table,figure{overflow:visible}}\n";

void tm_html_style(struct tm_text *out)
{
    tm_text_put(out, PAGE);
    tm_text_put(out, PICTURES);
    tm_text_put(out, PAPER);
}
