#include "trial/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/pcap_source.h"
#include "models/maybenot/framework.h"
#include "tm/base/grow.h"

#define MAGIC_LEN  4
#define GAP_MAX_US (TM_MBSIM_T_MAX_NS / 1000 / 2) /* from the first packet, either way */

static int fail_io(const char *path, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
}

/* What was read of a file so far; p is owned. */
struct text {
    char *p;
    size_t len, cap;
};

static int make_room(struct text *t, const char *path, struct tm_msg *msg)
{
    if (t->len < t->cap)
        return TM_OK;
    const size_t cap = t->cap > 0 ? 2 * t->cap : 65536;
    if (cap > TM_TRIAL_TEXT_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "%s: more than a GiB", path);
    char *p = realloc(t->p, cap);
    if (!p)
        return TM_ERR_NOMEM;
    t->p = p;
    t->cap = cap;
    return TM_OK;
}

/* All that is left of `f`, behind what *t has. */
static int slurp(struct text *t, FILE *f, const char *path, struct tm_msg *msg)
{
    for (;;) {
        int rc = make_room(t, path, msg);
        if (rc != TM_OK)
            return rc;
        const size_t n = fread(t->p + t->len, 1, t->cap - t->len, f);
        if (n == 0)
            return ferror(f) ? fail_io(path, msg) : TM_OK;
        t->len += n;
    }
}

/* Captures begin with one of these, in either byte order, packed or not. */
static bool is_capture(const uint8_t *head, size_t n)
{
    static const uint8_t magics[][MAGIC_LEN] = {{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1},
                                                {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1},
                                                {0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1},
                                                {0x0a, 0x0d, 0x0d, 0x0a}, {0x28, 0xb5, 0x2f, 0xfd}};
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (n >= MAGIC_LEN && memcmp(head, magics[i], MAGIC_LEN) == 0)
            return true;
    return n >= 2 && head[0] == 0x1f && head[1] == 0x8b;
}

struct capture {
    enum tm_trial_take take;
    uint8_t client[TM_ADDR_LEN];
    int64_t zero_us; /* the first packet's time */
    bool has_begun;
};

static void begin(struct capture *c, const struct tm_packet *p)
{
    const uint8_t both = TM_TCP_SYN | TM_TCP_ACK;
    memcpy(c->client, (p->flags & both) == both ? p->dst : p->src, sizeof c->client);
    c->zero_us = p->t_us;
    c->has_begun = true;
}

/* Times that are further apart than a trace may be come from damaged files. */
static int take_packet(struct tm_mbsim_trace *out, struct capture *c, const struct tm_packet *p)
{
    int64_t gap_us;
    if (!c->has_begun)
        begin(c, p);
    const bool is_sent = memcmp(p->src, c->client, sizeof c->client) == 0;
    const uint32_t size_bytes = c->take == TM_TRIAL_IP ? p->ip_wire_len : p->payload_len;
    if ((!is_sent && memcmp(p->dst, c->client, sizeof c->client) != 0) || size_bytes == 0)
        return TM_OK;
    if (__builtin_sub_overflow(p->t_us, c->zero_us, &gap_us) || gap_us < -GAP_MAX_US ||
        gap_us > GAP_MAX_US)
        return TM_ERR_RANGE;
    const struct tm_mbsim_packet packet = {
        .t_ns = gap_us * 1000, .size_bytes = size_bytes, .is_sent = is_sent};
    return tm_mbsim_trace_add(out, &packet);
}

static int read_capture(struct tm_mbsim_trace *out, const char *path, enum tm_trial_take take,
                        struct tm_msg *msg)
{
    struct tm_pcap_source *s = NULL;
    struct capture c = {.take = take};
    struct tm_packet p;
    int rc = tm_pcap_open(&s, path, msg);
    if (rc != TM_OK)
        return rc;
    while ((rc = tm_pcap_next(s, &p, msg)) == 1) {
        rc = take_packet(out, &c, &p);
        if (rc == TM_ERR_RANGE)
            rc = tm_msg_set(msg, rc, "%s: its times are years apart", path);
        if (rc != TM_OK)
            break;
    }
    tm_pcap_close(s);
    return rc;
}

/* t: what was read already. */
static int read_text(struct tm_mbsim_trace *out, struct text *t, FILE *f, const char *path,
                     struct tm_msg *msg)
{
    struct tm_msg why = {""};
    int rc = slurp(t, f, path, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_mbsim_trace_parse(out, t->p, t->len, &why);
    if (rc != TM_OK && rc != TM_ERR_NOMEM)
        rc = tm_msg_set(msg, rc, "%s: %s", path, why.text);
    return rc;
}

static int read_file(struct tm_mbsim_trace *out, const char *path, enum tm_trial_take take,
                     struct tm_msg *msg)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    struct text t = {.len = 0};
    FILE *f = is_stdin ? stdin : fopen(path, "rb");
    if (!f)
        return fail_io(path, msg);
    int rc = make_room(&t, name, msg);
    if (rc == TM_OK) {
        t.len = fread(t.p, 1, MAGIC_LEN, f);
        rc = !is_stdin && is_capture((const uint8_t *)t.p, t.len)
                 ? read_capture(out, path, take, msg)
                 : read_text(out, &t, f, name, msg);
    }
    if (!is_stdin)
        (void)fclose(f);
    free(t.p);
    return rc;
}

int tm_trial_load_trace(struct tm_mbsim_trace *out, const char *path, enum tm_trial_take take,
                        struct tm_msg *msg)
{
    int rc = read_file(out, path, take, msg);
    if (rc == TM_OK)
        rc = tm_mbsim_trace_sort(out);
    if (rc == TM_OK && out->n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: no packets", path);
    if (rc != TM_OK)
        return rc;
    const int64_t zero_ns = out->packets[0].t_ns;
    for (size_t i = 0; i < out->n; i++)
        out->packets[i].t_ns -= zero_ns;
    return TM_OK;
}

static int add_machine(struct tm_trial_machines *out, const char *line, size_t len,
                       struct tm_msg *msg)
{
    if (out->n == TM_MB_MACHINES_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u machines", TM_MB_MACHINES_MAX);
    int rc = tm_grow(&out->machines, &out->cap, out->n, sizeof(void *));
    if (rc == TM_OK)
        rc = tm_mb_machine_parse(&out->machines[out->n], line, len, msg);
    out->n += rc == TM_OK;
    return rc;
}

static int parse_machines(struct tm_trial_machines *out, const char *text, size_t len,
                          const char *path, struct tm_msg *msg)
{
    const char *end = text + len;
    size_t number = 1;
    int rc = TM_OK;
    for (const char *line = text; line < end && rc == TM_OK; number++) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        const char *stop = feed ? feed : end;
        const size_t n = (size_t)(stop - line) - (stop > line && stop[-1] == '\r');
        struct tm_msg why = {""};
        if (n > 0 && line[0] != '#')
            rc = add_machine(out, line, n, &why);
        if (rc != TM_OK && rc != TM_ERR_NOMEM)
            rc = tm_msg_set(msg, rc, "%s:%zu: %s", path, number, why.text);
        line = feed ? feed + 1 : end;
    }
    return rc;
}

int tm_trial_load_machines(struct tm_trial_machines *out, const char *path, struct tm_msg *msg)
{
    struct text t = {.len = 0};
    *out = (struct tm_trial_machines){.n = 0};
    FILE *f = fopen(path, "r");
    if (!f)
        return fail_io(path, msg);
    int rc = slurp(&t, f, path, msg);
    (void)fclose(f);
    if (rc == TM_OK)
        rc = parse_machines(out, t.p, t.len, path, msg);
    free(t.p);
    return rc;
}

void tm_trial_machines_deinit(struct tm_trial_machines *m)
{
    for (size_t i = 0; i < m->n; i++)
        tm_mb_machine_free(m->machines[i]);
    free(m->machines);
    *m = (struct tm_trial_machines){.n = 0};
}
