/* Every n-th allocation fails in turn, from packets and labels to rows: TM_ERR_NOMEM, and nothing leaks (LeakSanitizer looks). */
#include <string.h>

#include "audit/features/csv.h"
#include "audit/features/features.h"
#include "audit/features/labels.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "test/unit/audit/features/wire.h"

static struct wire w;

static int build(struct tm_trace_set *s)
{
    static const uint16_t PORT[] = {443};
    const struct tm_trace_cfg cfg = {.ports = PORT, .n_ports = 1};
    struct tm_trace_builder *b = NULL;
    uint32_t name = 0;
    int rc = tm_trace_builder_new(&b, &cfg);
    for (uint32_t i = 0; i < w.n && rc == TM_OK; i++)
        rc = tm_trace_builder_packet(b, &w.p[i]);
    if (rc == TM_OK)
        rc = tm_trace_set_name(s, "name", &name);
    if (rc == TM_OK)
        rc = tm_trace_builder_end(b, s, 0, name, name);
    tm_trace_builder_free(b);
    return rc;
}

static int work(void)
{
    static const char LABELS[] = "from_us,prefix,class,split,path,session,load\n"
                                 "0,10.0.0.0/8,a,b,c,d,1\n";
    static const char CSV[] = "class,session,load,start_us,s1\na,b,1,2,3\n";
    const struct tm_features_cfg cfg = {0};
    const uint32_t pick[] = {0, 1};
    struct tm_trace_set s = {0};
    struct tm_labels l = {0};
    struct tm_table t = {0};
    struct tm_table chosen = {0};
    struct tm_table read = {0};
    int rc = build(&s);
    if (rc == TM_OK)
        rc = tm_labels_add(&l, LABELS, sizeof LABELS - 1, "x", NULL);
    if (rc == TM_OK)
        rc = tm_features_columns(&t, &cfg);
    if (rc == TM_OK)
        rc = tm_features_add(&t, &cfg, &s);
    if (rc == TM_OK)
        rc = tm_table_select(&chosen, &t, pick, 2, TM_GROUP_ALL);
    if (rc == TM_OK)
        rc = tm_table_append(&t, &chosen);
    if (rc == TM_OK)
        rc = tm_csv_parse(&read, CSV, sizeof CSV - 1, "x", NULL);
    tm_trace_set_deinit(&s);
    tm_labels_deinit(&l);
    tm_table_deinit(&t);
    tm_table_deinit(&chosen);
    tm_table_deinit(&read);
    return rc;
}

static void every_failed_allocation_is_told(void)
{
    for (unsigned i = 0; i < 4; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_dialogue(&w, &c, 100 * i);
        wire_again(&w, &c, 3000000, TM_UP, 0xffffff00, 10); /* a hole */
    }
    unsigned long n = 1;
    for (;; n++) {
        oom_fail_after(n);
        int rc = work();
        oom_disable();
        if (!oom_hit())
            break;
        CHECK_INT(rc, TM_ERR_NOMEM);
    }
    CHECK(n > 40);
    CHECK_INT(work(), TM_OK);
}

static const struct check_case cases[] = {
    {"every_failed_allocation_is_told", every_failed_allocation_is_told},
};
CHECK_MAIN("audit features out of memory", cases)
