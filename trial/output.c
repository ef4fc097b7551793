#include "trial/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where the trace's next packet of a direction is. */
struct cursor {
    const struct tm_mbsim_trace *trace;
    size_t at[2]; /* by is_sent */
};

static uint32_t next_size(struct cursor *c, bool is_sent)
{
    size_t i = c->at[is_sent];
    while (i < c->trace->n && c->trace->packets[i].is_sent != is_sent)
        i++;
    c->at[is_sent] = i + 1;
    return i < c->trace->n ? c->trace->packets[i].size_bytes : 0;
}

static void write_line(FILE *f, const struct tm_mbsim_event *e, int64_t zero_ns, struct cursor *c,
                       uint32_t padding_bytes)
{
    const bool is_sent = e->kind == TM_MB_TUNNEL_SENT;
    uint32_t size_bytes = e->size_bytes;
    if (size_bytes == 0)
        size_bytes = e->is_padding ? padding_bytes : next_size(c, is_sent);
    (void)fprintf(f, "%" PRId64 ",%c%c", e->t_ns - zero_ns, is_sent ? 's' : 'r',
                  e->is_padding ? 'p' : 'n');
    if (size_bytes > 0)
        (void)fprintf(f, ",%" PRIu32, size_bytes);
    (void)fputc('\n', f);
}

int tm_trial_write(const char *path, const struct tm_mbsim_log *log,
                   const struct tm_mbsim_trace *trace, uint32_t size_bytes, struct tm_msg *msg)
{
    struct cursor c = {.trace = trace};
    const bool has_sizes = trace->n > 0 && trace->packets[0].size_bytes > 0;
    const bool is_stdout = strcmp(path, "-") == 0;
    FILE *f = is_stdout ? stdout : fopen(path, "w");
    if (!f)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    int64_t zero_ns = INT64_MIN;
    for (size_t i = 0; i < log->n; i++) {
        const struct tm_mbsim_event *e = &log->events[i];
        if (!e->is_client || (e->kind != TM_MB_TUNNEL_SENT && e->kind != TM_MB_TUNNEL_RECV))
            continue;
        if (zero_ns == INT64_MIN)
            zero_ns = e->t_ns;
        write_line(f, e, zero_ns, &c, has_sizes ? size_bytes : 0);
    }
    const bool is_bad = fflush(f) != 0 || ferror(f);
    if ((!is_stdout && fclose(f) != 0) || is_bad)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    return TM_OK;
}
