#include "learner/capture/format.h"

#include <stdlib.h>

#include "learner/capture/format_impl.h"
#include "tm/base/grow.h"

int tm_format_new(struct tm_format **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? TM_OK : TM_ERR_NOMEM;
}

void tm_format_free(struct tm_format *f)
{
    if (!f)
        return;
    free(f->iface);
    free(f);
}

int64_t tm_format_time_us(const struct tm_format_clock *c, uint64_t ticks)
{
    __extension__ typedef unsigned __int128 u128;
    const int64_t max_us = TM_FORMAT_SEC_MAX * 1000000;
    u128 us = 0;
    if (c->ticks_per_s == 1000000) /* nearly all files have this or the next */
        us = ticks;
    else if (c->ticks_per_s == 1000000000)
        us = ticks / 1000;
    else
        us = (u128)ticks * 1000000 / c->ticks_per_s;
    if (us > (uint64_t)max_us)
        us = (uint64_t)max_us;
    int64_t t_us = (int64_t)us + c->offset_s * 1000000;
    return t_us < 0 ? 0 : t_us > max_us ? max_us : t_us;
}

int tm_format_add_if(struct tm_format *f, const struct tm_format_if *iface, struct tm_msg *msg)
{
    if (f->n_ifaces == TM_FORMAT_LINKS_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "more than %u interfaces in a section",
                          TM_FORMAT_LINKS_MAX);
    int rc = tm_grow(&f->iface, &f->cap_ifaces, f->n_ifaces, sizeof *f->iface);
    if (rc == TM_OK)
        f->iface[f->n_ifaces++] = *iface;
    return rc;
}

/* By the first four bytes; those of pcapng read the same in both byte orders. */
static int open_format(struct tm_format *f, struct tm_view at, size_t *n, struct tm_msg *msg)
{
    uint32_t magic;
    if (at.len < sizeof magic) {
        *n = sizeof magic;
        return TM_FORMAT_MORE;
    }
    memcpy(&magic, at.p, sizeof magic);
    magic = le32toh(magic);
    if (magic == TM_FORMAT_NG_MAGIC) {
        f->kind = TM_FORMAT_PCAPNG;
        *n = 0;
        return TM_FORMAT_SKIP;
    }
    if (tm_format_is_pcap_magic(magic))
        return tm_format_pcap_open(f, at, n, msg);
    return tm_msg_set(msg, TM_ERR_FORMAT, "it starts with the bytes %02x %02x %02x %02x", at.p[0],
                      at.p[1], at.p[2], at.p[3]);
}

int tm_format_step(struct tm_format *f, struct tm_view at, size_t *n, struct tm_frame *frame,
                   struct tm_msg *msg)
{
    switch (f->kind) {
    case TM_FORMAT_UNKNOWN:
        return open_format(f, at, n, msg);
    case TM_FORMAT_PCAP:
        return tm_format_pcap_step(f, at, n, frame, msg);
    case TM_FORMAT_PCAPNG:
        return tm_format_pcapng_step(f, at, n, frame, msg);
    }
    TM_ASSERT(0);
}

bool tm_format_is_open(const struct tm_format *f)
{
    return f->kind == TM_FORMAT_PCAP || f->head_len > 0;
}

bool tm_format_may_end(const struct tm_format *f)
{
    return tm_format_is_open(f) && f->open_len == 0;
}

bool tm_format_link(const struct tm_format *f, size_t i, uint32_t *link_type)
{
    if (i >= f->n_ifaces)
        return false;
    *link_type = f->iface[i].link_type;
    return true;
}
