/* A line of a schedule log.  What parses and is written again must parse to the same values. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/schedlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct tm_schedlog_line *a, struct tm_schedlog *l)
{
    struct tm_schedlog_line b;
    struct tm_view v = tm_schedlog_text(l);
    if (v.len == 0 || tm_schedlog_parse(&b, (const char *)v.p, v.len - 1) != TM_OK)
        abort();
    if (a->kind != b.kind || a->carrier != b.carrier || a->i != b.i || a->w.size != b.w.size ||
        a->w.gap_us != b.w.gap_us || a->w.dir != b.w.dir || a->w.ref_back != b.w.ref_back ||
        a->first_us != b.first_us || a->at_us != b.at_us || a->unsent != b.unsent ||
        a->slip != b.slip || strcmp(a->local, b.local) != 0 || strcmp(a->remote, b.remote) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_schedlog_line a;
    if (tm_schedlog_parse(&a, (const char *)data, size) != TM_OK)
        return 0;
    struct tm_schedlog *l = NULL;
    if (tm_schedlog_new(&l, 4096) != TM_OK)
        return 0;
    if (a.kind == TM_SLOG_WRITE)
        tm_schedlog_write(l, a.carrier, a.i, &a.w, a.event_us, a.due_us, a.first_us, a.last_us,
                          a.unsent, a.slip);
    else if (a.kind == TM_SLOG_RECV)
        tm_schedlog_recv(l, a.carrier, a.i, &a.w, a.at_us);
    else if (a.kind == TM_SLOG_UP && a.local[0] && a.remote[0])
        tm_schedlog_up(l, a.carrier, a.at_us, a.local, a.remote);
    if (tm_schedlog_text(l).len > 0)
        again(&a, l);
    tm_schedlog_free(l);
    return 0;
}
