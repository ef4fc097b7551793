#include "audit/features/labels.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/sheet.h"
#include "tm/base/grow.h"

#define HEAD "from_us,prefix,class,split,path,session,load"

static bool bit_of(const uint8_t addr[TM_ADDR_LEN], unsigned i)
{
    return ((unsigned)addr[i / 8] >> (7 - i % 8)) & 1U;
}

/* "192.0.2.32/27", "2001:db8::/64", or an address alone. */
static int prefix(const struct tm_sheet_place *at, char *text, struct tm_label *l)
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char *slash = strchr(text, '/');
    int64_t bits = 0;
    if (slash)
        *slash = '\0';
    bool is_v4 = inet_pton(AF_INET, text, l->prefix + sizeof MAPPED) == 1;
    if (is_v4)
        memcpy(l->prefix, MAPPED, sizeof MAPPED);
    else if (inet_pton(AF_INET6, text, l->prefix) != 1)
        return tm_msg_set(at->msg, TM_ERR_FORMAT,
                          "%s:%" PRIu32
                          ": prefix \"%s\": no address; wanted like 10.1.2.32/27 or 2001:db8::/64",
                          at->name, at->line, text);
    if (slash && tm_sheet_number(at, "prefix length", slash + 1, is_v4 ? 32 : 128, &bits) != TM_OK)
        return TM_ERR_FORMAT;
    l->prefix_bits = (uint8_t)(slash ? bits + (is_v4 ? 96 : 0) : 128);
    for (unsigned i = l->prefix_bits; i < 128; i++) {
        if (bit_of(l->prefix, i))
            return tm_msg_set(at->msg, TM_ERR_FORMAT,
                              "%s:%" PRIu32
                              ": prefix \"%s/%s\": the address has bits behind the prefix",
                              at->name, at->line, text, slash ? slash + 1 : "128");
    }
    return TM_OK;
}

static struct tm_name_list names_of(struct tm_labels *l)
{
    return (struct tm_name_list){&l->names, &l->n_names, &l->cap_names, &l->index};
}

static int add_line(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_labels *l = user;
    struct tm_label v = {.line = at->line};
    int64_t load = 0;
    int rc = tm_sheet_number(at, "from_us", field[0], INT64_C(1) << 60, &v.from_us);
    if (rc == TM_OK)
        rc = prefix(at, field[1], &v);
    if (rc == TM_OK)
        rc = tm_sheet_number(at, "load", field[6], UINT32_MAX - 1, &load);
    v.load = (uint32_t)load;
    uint32_t *const name[] = {&v.cls, &v.split, &v.path, &v.session};
    struct tm_name_list names = names_of(l);
    for (size_t i = 0; i < 4 && rc == TM_OK; i++)
        rc = tm_names_put(&names, field[2 + i], name[i]);
    if (rc == TM_OK)
        rc = tm_grow(&l->v, &l->cap, l->n, sizeof *l->v);
    if (rc == TM_OK)
        l->v[l->n++] = v;
    return rc;
}

static int compare(const void *x, const void *y)
{
    const struct tm_label *a = x;
    const struct tm_label *b = y;
    if (a->prefix_bits != b->prefix_bits)
        return a->prefix_bits > b->prefix_bits ? -1 : 1;
    int order = memcmp(a->prefix, b->prefix, TM_ADDR_LEN);
    if (order != 0)
        return order;
    return a->from_us < b->from_us ? -1 : a->from_us > b->from_us;
}

/* Sorts, and finds lines that contradict each other. */
static int arrange(struct tm_labels *l, const char *name, struct tm_msg *msg)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, compare);
    for (size_t i = 1; i < l->n; i++) {
        const struct tm_label *a = &l->v[i - 1];
        const struct tm_label *b = &l->v[i];
        if (compare(a, b) == 0)
            return tm_msg_set(
                msg, TM_ERR_FORMAT,
                "%s:%" PRIu32 ": the prefix and from_us of line %" PRIu32 " a second time", name,
                a->line > b->line ? a->line : b->line, a->line > b->line ? b->line : a->line);
    }
    return TM_OK;
}

int tm_labels_add(struct tm_labels *l, const char *text, size_t len, const char *name,
                  struct tm_msg *msg)
{
    const struct tm_sheet sheet = {.kind = "labels", .head = HEAD, .row = add_line, .user = l};
    bool has_head;
    int rc = tm_sheet_read(&sheet, text, len, name, &has_head, msg);
    if (rc == TM_OK && !has_head)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: is empty; wanted " HEAD " and a line for each page load", name);
    return rc == TM_OK ? arrange(l, name, msg) : rc;
}

/* The last label at or before `want` in the order of the list; NULL: none. */
static const struct tm_label *last_before(const struct tm_labels *l, const struct tm_label *want)
{
    size_t lo = 0;
    size_t hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare(&l->v[mid], want) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 ? &l->v[lo - 1] : NULL;
}

const struct tm_label *tm_labels_find(const struct tm_labels *l, const uint8_t addr[TM_ADDR_LEN],
                                      int64_t t_us)
{
    struct tm_label want = {.from_us = t_us};
    for (size_t i = 0; i < l->n;) { /* once for each prefix length that there is */
        unsigned bits = l->v[i].prefix_bits;
        want.prefix_bits = (uint8_t)bits;
        memset(want.prefix, 0, TM_ADDR_LEN);
        memcpy(want.prefix, addr, bits / 8);
        if (bits % 8 != 0)
            want.prefix[bits / 8] = (uint8_t)(addr[bits / 8] & (0xff00U >> (bits % 8)));
        const struct tm_label *got = last_before(l, &want);
        if (got && got->prefix_bits == bits && memcmp(got->prefix, want.prefix, TM_ADDR_LEN) == 0)
            return got;
        want.from_us = INT64_MAX; /* the next length begins behind all of this one */
        memset(want.prefix, 0xff, TM_ADDR_LEN);
        got = last_before(l, &want);
        i = got ? (size_t)(got - l->v) + 1 : l->n;
        want.from_us = t_us;
    }
    return NULL;
}

void tm_labels_deinit(struct tm_labels *l)
{
    struct tm_name_list names = names_of(l);
    tm_names_deinit(&names);
    free(l->v);
    *l = (struct tm_labels){0};
}
