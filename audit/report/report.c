#include "audit/report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audit/detect/detect.h"
#include "audit/report/report_parts.h"

const char *tm_report_interval(char text[TM_INTERVAL_LEN], const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)snprintf(text, TM_INTERVAL_LEN, "n/a");
    else if (isnan(v->low) || isnan(v->high))
        (void)snprintf(text, TM_INTERVAL_LEN, "%.3f", v->value);
    else
        (void)snprintf(text, TM_INTERVAL_LEN, "%.3f [%.3f, %.3f]", v->value, v->low, v->high);
    return text;
}

const char *tm_report_p(char text[TM_INTERVAL_LEN], double p)
{
    if (isnan(p))
        (void)snprintf(text, TM_INTERVAL_LEN, "n/a");
    else if (p < 0.0005)
        (void)snprintf(text, TM_INTERVAL_LEN, "< 0.001");
    else
        (void)snprintf(text, TM_INTERVAL_LEN, "%.3f", p);
    return text;
}

struct tm_svg_axis tm_report_auc_axis(double low)
{
    bool is_lower = low < 0.4; /* not for NaN */
    return (struct tm_svg_axis){.label = "AUC (0.5: chance, 1: always told apart)",
                                .low = is_lower ? fmax(floor(low * 10) / 10, 0) : 0.4,
                                .high = 1};
}

enum tm_unit tm_report_unit_of(const char *feature)
{
    static const char *const BYTES[] = {"bytes_",     "pkt_",         "size_",       "burst_up_m",
                                        "burst_up_s", "burst_down_m", "burst_down_s"};
    size_t len = strlen(feature);
    if (len > 7 && strcmp(feature + len - 7, "_unique") == 0)
        return TM_UNIT_NONE;
    const char *ms = strstr(feature, "_ms");
    if (ms && (ms[3] == '\0' || ms[3] == '_'))
        return TM_UNIT_MS;
    for (size_t i = 0; i < sizeof BYTES / sizeof *BYTES; i++) {
        if (strncmp(feature, BYTES[i], strlen(BYTES[i])) == 0)
            return TM_UNIT_BYTES;
    }
    /* s1, z1, b1, c1: sizes of the first and last segments, of bursts, and cumulative ones. */
    if (strchr("szbc", feature[0]) && feature[0] && feature[1] >= '0' && feature[1] <= '9')
        return TM_UNIT_BYTES;
    return strncmp(feature, "frac_", 5) == 0 ? TM_UNIT_SHARE : TM_UNIT_NONE;
}

static void write_title(struct tm_text *out, const struct tm_report *r)
{
    char title[640] = "What an observer can tell";
    char lead[640] = "";
    if (r->detect)
        (void)snprintf(lead, sizeof lead, "Cover: %s. Real: %s.", r->detect->name[TM_COVER],
                       r->detect->name[TM_REAL]);
    tm_html_begin(out, r->title ? r->title : title, lead[0] ? lead : NULL);
}

int tm_report_page(struct tm_text *out, const struct tm_report *r)
{
    write_title(out, r);
    if (r->detect)
        tm_report_detect_verdict(out, r->detect);
    else if (r->classify || r->interference || r->correlate)
        tm_html_note(out, "Cover was not compared with real traffic (detect was not run).");
    else
        tm_html_verdict(out,
                        &(struct tm_html_verdict){TM_TONE_UNSURE, "Cover against real",
                                                  "not judged", "The detection test was not run."});
    if (r->classify)
        tm_report_classify_verdict(out, r->classify);
    if (r->interference)
        tm_report_interference_verdict(out, r->interference);
    if (r->correlate)
        tm_report_correlate_verdict(out, r->correlate);
    if (r->detect)
        tm_report_detect(out, r->detect);
    if (r->classify)
        tm_report_classify(out, r->classify);
    if (r->interference)
        tm_report_interference(out, r->interference);
    if (r->correlate)
        tm_report_correlate(out, r->correlate);
    if (r->detect)
        tm_report_detect_assumptions(out, r->detect);
    if (r->command) {
        tm_html_section_begin(out, "repeat", "To repeat this");
        tm_html_paragraph(out, "Same input and same seed give the same page.");
        tm_html_code(out, r->command);
        tm_html_section_end(out);
    }
    tm_html_end(out, "tm-audit");
    return tm_text_status(out);
}
