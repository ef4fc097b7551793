#include "trial/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/pcap_source.h"
#include "models/maybenot/framework.h"
#include "tm/base/grow.h"

static int fail_io(const char *path, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
}

/* All that is left of `f`, into *text, which the caller frees. */
static int slurp(FILE *f, const char *path, char **text, size_t *len, struct tm_msg *msg)
{
    size_t cap = 0;
    *text = NULL;
    *len = 0;
    for (;;) {
        if (*len == cap) {
            cap = cap > 0 ? 2 * cap : 65536;
            if (cap > TM_TRIAL_TEXT_MAX)
                return tm_msg_set(msg, TM_ERR_LIMIT, "%s: more than a GiB", path);
            char *more = realloc(*text, cap);
            if (!more)
                return TM_ERR_NOMEM;
            *text = more;
        }
        const size_t n = fread(*text + *len, 1, cap - *len, f);
        if (n == 0)
            return ferror(f) ? fail_io(path, msg) : TM_OK;
        *len += n;
    }
}

/* Captures begin with one of these, in either byte order, packed or not. */
static bool is_capture(const uint8_t *head, size_t n)
{
    static const uint8_t magics[][4] = {{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1},
                                        {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1},
                                        {0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1},
                                        {0x0a, 0x0d, 0x0d, 0x0a}, {0x28, 0xb5, 0x2f, 0xfd}};
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (n >= 4 && memcmp(head, magics[i], 4) == 0)
            return true;
    return n >= 2 && head[0] == 0x1f && head[1] == 0x8b;
}

static int read_capture(struct tm_mbsim_trace *out, const char *path, enum tm_trial_take take,
                        struct tm_msg *msg)
{
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    uint8_t client[TM_ADDR_LEN];
    bool is_first = true;
    int rc = tm_pcap_open(&s, path, msg);
    while (rc >= 0 && (rc = tm_pcap_next(s, &p, msg)) == 1) {
        if (is_first) {
            const uint8_t both = TM_TCP_SYN | TM_TCP_ACK;
            memcpy(client, (p.flags & both) == both ? p.dst : p.src, sizeof client);
        }
        is_first = false;
        const bool is_sent = memcmp(p.src, client, sizeof client) == 0;
        const uint32_t size_bytes = take == TM_TRIAL_IP ? p.ip_wire_len : p.payload_len;
        if ((!is_sent && memcmp(p.dst, client, sizeof client) != 0) || size_bytes == 0)
            continue;
        const struct tm_mbsim_packet packet = {
            .t_ns = p.t_us * 1000, .size_bytes = size_bytes, .is_sent = is_sent};
        if (tm_mbsim_trace_add(out, &packet) != TM_OK) {
            rc = TM_ERR_NOMEM;
            break;
        }
    }
    tm_pcap_close(s);
    return rc;
}

static int read_text(struct tm_mbsim_trace *out, FILE *f, const char *path, struct tm_msg *msg)
{
    struct tm_msg why = {""};
    char *text;
    size_t len;
    int rc = slurp(f, path, &text, &len, msg);
    if (rc == TM_OK) {
        rc = tm_mbsim_trace_parse(out, text, len, &why);
        if (rc != TM_OK && rc != TM_ERR_NOMEM)
            rc = tm_msg_set(msg, rc, "%s: %s", path, why.text);
    }
    free(text);
    return rc;
}

static int read_file(struct tm_mbsim_trace *out, const char *path, enum tm_trial_take take,
                     struct tm_msg *msg)
{
    uint8_t head[4];
    if (strcmp(path, "-") == 0)
        return read_text(out, stdin, "standard input", msg);
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail_io(path, msg);
    const size_t n = fread(head, 1, sizeof head, f);
    rewind(f);
    int rc =
        is_capture(head, n) ? read_capture(out, path, take, msg) : read_text(out, f, path, msg);
    (void)fclose(f);
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
    char *text;
    size_t len;
    *out = (struct tm_trial_machines){.n = 0};
    FILE *f = fopen(path, "r");
    if (!f)
        return fail_io(path, msg);
    int rc = slurp(f, path, &text, &len, msg);
    (void)fclose(f);
    if (rc == TM_OK)
        rc = parse_machines(out, text, len, path, msg);
    free(text);
    return rc;
}

void tm_trial_machines_deinit(struct tm_trial_machines *m)
{
    for (size_t i = 0; i < m->n; i++)
        tm_mb_machine_free(m->machines[i]);
    free(m->machines);
    *m = (struct tm_trial_machines){.n = 0};
}
