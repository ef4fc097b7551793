#include "audit/wf/wf_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/commands.h"
#include "audit/features/npz.h"
#include "learner/pcap_source.h"

static int read_visits(struct tm_visits *v, const char *path, int64_t window_us, struct tm_msg *msg)
{
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_visits_parse(v, text, len, path, msg);
    free(text);
    if (rc == TM_OK && window_us > 0)
        rc = tm_visits_cut(v, window_us, path, msg);
    return rc;
}

/* From the first packet of the capture to its last. */
struct span {
    int64_t first_us, last_us;
};

static int read_packets(struct tm_cut *c, const char *path, struct span *span, struct tm_msg *msg)
{
    struct tm_pcap_source *src = NULL;
    struct tm_packet p;
    int rc = tm_pcap_open(&src, path, msg);
    if (rc != TM_OK)
        return rc;
    *span = (struct span){tm_pcap_first_us(src), 0};
    int got = 0;
    while (rc == TM_OK && (got = tm_pcap_next(src, &p, msg)) == 1)
        rc = tm_cut_packet(c, &p);
    span->last_us = tm_pcap_newest_us(src);
    if (rc == TM_OK && got < 0)
        (void)fprintf(stderr, "tm-audit: warning: %s; what was read before is used\n", msg->text);
    tm_pcap_close(src);
    return rc;
}

/* No visit has a packet: which of address and time is it? */
static int complain_none(const char *capture, const char *labels, const struct tm_visits *v,
                         const struct tm_cut_counts *n, const struct span *span, struct tm_msg *msg)
{
    char client[TM_ADDR_TEXT_LEN];
    bool is_elsewhen = true;
    for (size_t i = 0; i < v->n; i++)
        is_elsewhen &= v->v[i].until_us <= span->first_us || v->v[i].from_us > span->last_us;
    tm_packet_addr_text(v->v[0].client, client);
    if (n->n_packets == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: holds no TCP segment with payload", capture);
    if (is_elsewhen)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: no visit of %s is at its time: it is from %" PRId64 " to %" PRId64
                          " us since 1970",
                          capture, labels, span->first_us, span->last_us);
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "%s: no visit of %s has packets both ways; is %s the client's address there?",
                      capture, labels, client);
}

int tm_wf_read(struct tm_trace_set *out, const char *capture, const char *labels, int64_t window_us,
               struct tm_msg *msg)
{
    struct tm_visits visits = {0};
    struct tm_cut *cut = NULL;
    struct tm_cut_counts counts = {0};
    struct span span = {0, 0};
    size_t before = out->n;
    int rc = read_visits(&visits, labels, window_us, msg);
    if (rc == TM_OK)
        rc = tm_cut_new(&cut, &visits);
    if (rc == TM_OK)
        rc = read_packets(cut, capture, &span, msg);
    if (rc == TM_OK)
        rc = tm_cut_end(cut, out, &counts);
    if (rc == TM_OK && out->n == before)
        rc = complain_none(capture, labels, &visits, &counts, &span, msg);
    else if (rc == TM_OK && counts.n_silent > 0)
        (void)fprintf(stderr,
                      "tm-audit: warning: %s: %" PRIu32 " of %" PRIu32
                      " visits have no packets both ways in %s: left out\n",
                      labels, counts.n_silent, counts.n_visits, capture);
    tm_cut_free(cut);
    tm_visits_deinit(&visits);
    return rc;
}

int tm_wf_export(const struct tm_trace_set *set, const char *path, uint32_t max_len,
                 struct tm_msg *msg)
{
    const struct tm_npz_cfg cfg = {.kind = TM_NPZ_SEQUENCES, .max_len = max_len};
    char *part = NULL;
    if (asprintf(&part, "%s.part", path) < 0)
        return TM_ERR_NOMEM;
    errno = 0;
    FILE *f = fopen(part, "wb");
    int rc = f ? tm_npz_write(set, &cfg, f) : TM_ERR_IO;
    bool is_closed = !f || fclose(f) == 0;
    if (rc == TM_OK && (!is_closed || rename(part, path) != 0))
        rc = TM_ERR_IO;
    if (rc == TM_ERR_IO)
        (void)tm_msg_set(msg, rc, "%s: cannot be written: %s", path, strerror(errno));
    else if (rc == TM_ERR_LIMIT)
        (void)tm_msg_set(msg, rc, "%s: would exceed 4 GiB; take a smaller --max-len", path);
    if (rc != TM_OK && f)
        (void)remove(part);
    free(part);
    return rc;
}
