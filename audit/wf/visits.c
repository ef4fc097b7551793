#include "audit/wf/visits.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/sheet.h"
#include "tm/base/grow.h"

#define HEAD "from_us,until_us,client,page"
#define MAX  (INT64_C(1) << 60)

static int address(const struct tm_sheet_place *at, const char *text, uint8_t out[TM_ADDR_LEN])
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, text, out + sizeof MAPPED) == 1)
        memcpy(out, MAPPED, sizeof MAPPED);
    else if (inet_pton(AF_INET6, text, out) != 1)
        return tm_msg_set(at->msg, TM_ERR_FORMAT,
                          "%s:%" PRIu32
                          ": client \"%.60s\": no address; wanted like 192.0.2.17 or 2001:db8::17",
                          at->name, at->line, text);
    return TM_OK;
}

static struct tm_name_list names_of(struct tm_visits *l)
{
    return (struct tm_name_list){&l->names, &l->n_names, &l->cap_names, &l->index};
}

static int add_line(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_visits *l = user;
    struct tm_visit v = {.page = TM_VISIT_OTHER, .line = at->line};
    struct tm_name_list names = names_of(l);
    int rc = tm_sheet_number(at, "from_us", field[0], MAX, &v.from_us);
    if (rc == TM_OK)
        rc = tm_sheet_number(at, "until_us", field[1], MAX, &v.until_us);
    if (rc == TM_OK && v.until_us <= v.from_us)
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": until_us is not after from_us",
                        at->name, at->line);
    if (rc == TM_OK)
        rc = address(at, field[2], v.client);
    if (rc == TM_OK && strcmp(field[3], "-") != 0)
        rc = tm_names_put(&names, field[3], &v.page);
    if (rc == TM_OK && l->n == TM_VISITS_MAX)
        rc = tm_msg_set(at->msg, TM_ERR_LIMIT, "%s: more than %u visits", at->name, TM_VISITS_MAX);
    if (rc == TM_OK)
        rc = tm_grow(&l->v, &l->cap, l->n, sizeof *l->v);
    if (rc == TM_OK)
        l->v[l->n++] = v;
    return rc;
}

static int compare(const void *x, const void *y)
{
    const struct tm_visit *a = x;
    const struct tm_visit *b = y;
    int order = memcmp(a->client, b->client, TM_ADDR_LEN);
    if (order != 0)
        return order;
    if (a->from_us != b->from_us)
        return a->from_us < b->from_us ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static bool is_same_client(const struct tm_visit *a, const struct tm_visit *b)
{
    return memcmp(a->client, b->client, TM_ADDR_LEN) == 0;
}

static int find_overlap(const struct tm_visits *l, const char *name, struct tm_msg *msg)
{
    for (size_t i = 1; i < l->n; i++) {
        const struct tm_visit *a = &l->v[i - 1];
        const struct tm_visit *b = &l->v[i];
        if (is_same_client(a, b) && b->from_us < a->until_us)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "%s:%" PRIu32 ": the visit begins before that of line %" PRIu32
                              " of the same client ends",
                              name, b->line, a->line);
    }
    return TM_OK;
}

int tm_visits_parse(struct tm_visits *v, const char *text, size_t len, const char *name,
                    struct tm_msg *msg)
{
    const struct tm_sheet sheet = {.kind = "visits", .head = HEAD, .row = add_line, .user = v};
    bool has_head;
    int rc = tm_sheet_read(&sheet, text, len, name, &has_head, msg);
    if (rc == TM_OK && v->n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: names no visit; wanted " HEAD " and a line for each visit", name);
    if (rc != TM_OK)
        return rc;
    qsort(v->v, v->n, sizeof *v->v, compare);
    return find_overlap(v, name, msg);
}

int tm_visits_cut(struct tm_visits *v, int64_t window_us, const char *name, struct tm_msg *msg)
{
    for (size_t i = 0; i < v->n; i++) {
        struct tm_visit *a = &v->v[i];
        a->until_us = a->from_us + window_us;
        if (i + 1 < v->n && is_same_client(a, a + 1) && a[1].from_us < a->until_us)
            return tm_msg_set(
                msg, TM_ERR_RANGE,
                "%s:%" PRIu32 ": the same client's next visit (line %" PRIu32
                ") begins %.1f s after this one: windows of one length must be shorter",
                name, a->line, a[1].line, (double)(a[1].from_us - a->from_us) / 1e6);
    }
    return TM_OK;
}

const struct tm_visit *tm_visits_find(const struct tm_visits *v, const uint8_t client[TM_ADDR_LEN],
                                      int64_t t_us)
{
    struct tm_visit want = {.from_us = t_us, .line = UINT32_MAX};
    size_t lo = 0;
    size_t hi = v->n;
    memcpy(want.client, client, TM_ADDR_LEN);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare(&v->v[mid], &want) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct tm_visit *got = lo > 0 ? &v->v[lo - 1] : NULL;
    return got && is_same_client(got, &want) && t_us < got->until_us ? got : NULL;
}

void tm_visits_deinit(struct tm_visits *v)
{
    struct tm_name_list names = names_of(v);
    tm_names_deinit(&names);
    free(v->v);
    *v = (struct tm_visits){0};
}
