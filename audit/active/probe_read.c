#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/active/probe.h"
#include "audit/features/sheet.h"

#define MAX (INT64_C(1) << 60)

static int grow(void **v, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return TM_OK;
    size_t more = *cap == 0 ? 256 : *cap * 2;
    void *p = realloc(*v, more * size);
    if (!p)
        return TM_ERR_NOMEM;
    *v = p;
    *cap = more;
    return TM_OK;
}

static int add_sample(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_probe_run *r = user;
    struct tm_probe_sample v = {.latency_us = -1};
    int rc = tm_sheet_number(at, "sent_us", field[0], MAX, &v.sent_us);
    if (rc == TM_OK && strcmp(field[1], "-") != 0)
        rc = tm_sheet_number(at, "latency_us", field[1], MAX, &v.latency_us);
    if (rc == TM_OK && r->n_samples > 0 && v.sent_us <= r->sample[r->n_samples - 1].sent_us)
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT,
                        "%s:%" PRIu32 ": sent_us is not after that of the probe before", at->name,
                        at->line);
    if (rc == TM_OK && r->n_samples == TM_PROBES_MAX)
        rc = tm_msg_set(at->msg, TM_ERR_LIMIT, "%s: more than %u probes", at->name, TM_PROBES_MAX);
    void *room = r->sample;
    if (rc == TM_OK)
        rc = grow(&room, &r->cap_samples, r->n_samples, sizeof v);
    r->sample = room;
    if (rc == TM_OK)
        r->sample[r->n_samples++] = v;
    return rc;
}

static int add_span(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_probe_run *r = user;
    struct tm_probe_span v = {0};
    int rc = tm_sheet_number(at, "from_us", field[0], MAX, &v.from_us);
    if (rc == TM_OK)
        rc = tm_sheet_number(at, "until_us", field[1], MAX, &v.until_us);
    if (rc == TM_OK && v.until_us <= v.from_us)
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": until_us is not after from_us",
                        at->name, at->line);
    if (rc == TM_OK && r->n_spans > 0 && v.from_us < r->span[r->n_spans - 1].until_us)
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT,
                        "%s:%" PRIu32 ": from_us is before the end of the span before", at->name,
                        at->line);
    if (rc == TM_OK && r->n_spans == TM_PROBES_MAX)
        rc = tm_msg_set(at->msg, TM_ERR_LIMIT, "%s: more than %u spans", at->name, TM_PROBES_MAX);
    void *room = r->span;
    if (rc == TM_OK)
        rc = grow(&room, &r->cap_spans, r->n_spans, sizeof v);
    r->span = room;
    if (rc == TM_OK)
        r->span[r->n_spans++] = v;
    return rc;
}

static int read_sheet(const struct tm_sheet *sheet, const size_t *n, const char *text, size_t len,
                      const char *name, struct tm_msg *msg)
{
    bool has_head;
    int rc = tm_sheet_read(sheet, text, len, name, &has_head, msg);
    if (rc == TM_OK && *n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: no %s; wanted %s and a line for each of them",
                        name, sheet->kind, sheet->head);
    return rc;
}

int tm_probe_samples_parse(struct tm_probe_run *r, const char *text, size_t len, const char *name,
                           struct tm_msg *msg)
{
    const struct tm_sheet sheet = {
        .kind = "probes", .head = "sent_us,latency_us", .row = add_sample, .user = r};
    return read_sheet(&sheet, &r->n_samples, text, len, name, msg);
}

int tm_probe_spans_parse(struct tm_probe_run *r, const char *text, size_t len, const char *name,
                         struct tm_msg *msg)
{
    const struct tm_sheet sheet = {
        .kind = "spans", .head = "from_us,until_us", .row = add_span, .user = r};
    return read_sheet(&sheet, &r->n_spans, text, len, name, msg);
}

void tm_probe_run_deinit(struct tm_probe_run *r)
{
    free(r->sample);
    free(r->span);
    *r = (struct tm_probe_run){0};
}
