/* report_pages DIR: one page for each kind of sample results, DIR/0.html and so on. */
#include <stdio.h>

#include "audit/report/report.h"
#include "test/unit/audit/report/sample_results.h"

static int write_page(const char *dir, unsigned i, const struct tm_report *r)
{
    struct tm_text page = {0};
    char path[512];
    int status = 1;
    (void)snprintf(path, sizeof path, "%s/%u.html", dir, i);
    FILE *f = fopen(path, "w");
    if (f && tm_report_page(&page, r) == TM_OK)
        status = fwrite(page.p, 1, page.len, f) == page.len ? 0 : 1;
    if (f && fclose(f) != 0)
        status = 1;
    tm_text_deinit(&page);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    int status = 0;
    for (unsigned k = 0; k < SAMPLE_KINDS; k++) {
        struct tm_detect_result *detect = sample_detect((enum sample_kind)k);
        if (!detect)
            return 1;
        struct tm_interference_entry entries[SAMPLE_WORKLOADS];
        const struct tm_interference_report interference =
            sample_interference((enum sample_kind)k, entries);
        struct sample_classify classify;
        sample_classify(&classify, (enum sample_kind)k);
        struct tm_correlate correlate;
        sample_correlate(&correlate, (enum sample_kind)k);
        struct tm_report r = {.detect = detect,
                              .classify = &classify.result,
                              .interference = &interference,
                              .correlate = &correlate,
                              .command = k == SAMPLE_HOSTILE ? "<\xff>"
                                                             : "tm-audit report -o report.html"};
        status |= write_page(argv[1], k, &r);
        sample_detect_free(detect);
    }
    return status | write_page(argv[1], SAMPLE_KINDS, &(struct tm_report){0});
}
