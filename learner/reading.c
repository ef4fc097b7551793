#include "learner/reading.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "learner/capture/inputs.h"
#include "learner/capture/merge.h"
#include "learner/pcap_source.h"
#include "learner/progress.h"
#include "tm/base/time.h"

/* Captures of several queues or interfaces are out of order by less; more is a clock that was set,
 * or damage. */
#define EARLY_WARN_US TM_US_PER_S

/* By this much the next part of a recording may begin before the last frame, for the same reason. */
#define OVERLAP_MAX_US (100 * TM_US_PER_MS)

struct loop {
    const struct tm_reading *r;
    tm_reading_fn each;
    void *ctx;
    struct tm_reading_counts *counts;
    struct tm_progress progress;
    uint64_t done_bytes; /* of the captures read to their end */
    size_t n_packets;
    int64_t end_us; /* of the recording so far */
    bool is_used;   /* the recording has a capture */
    bool is_full;   /* a table of connections was, which was said */
    struct tm_msg *msg;
};

static void add_counts(struct tm_reading_counts *sum, const struct tm_pcap_counts *c)
{
    sum->n_captures++;
    sum->n_frames += c->n_frames;
    for (size_t k = 0; k < TM_PACKET_KINDS; k++)
        sum->n_kind[k] += c->n_kind[k];
    sum->n_link += c->n_link;
    sum->n_untimed += c->n_untimed;
    sum->n_early += c->n_early;
    sum->defrag.n_whole += c->defrag.n_whole;
    sum->defrag.n_overlap += c->defrag.n_overlap;
    sum->defrag.n_lost += c->defrag.n_lost;
}

static void warn_of(const struct tm_pcap_counts *c, const char *path)
{
    if (c->n_untimed > 0)
        (void)fprintf(stderr,
                      "tm-learn: warning: %s: left out %" PRIu64
                      " packets that have no time (simple packet blocks)\n",
                      path, c->n_untimed);
    if (c->n_link > 0)
        (void)fprintf(stderr,
                      "tm-learn: warning: %s: left out %" PRIu64
                      " packets of interfaces whose link type is not supported\n",
                      path, c->n_link);
    if (c->most_early_us > EARLY_WARN_US)
        (void)fprintf(stderr,
                      "tm-learn: warning: %s: time goes back: %" PRIu64
                      " packets are earlier than one before them, the first is packet %" PRIu64
                      ", by up to %.1f s; pauses below zero count as none\n",
                      path, c->n_early, c->first_early, (double)c->most_early_us / 1e6);
}

/* One capture came to its end. */
static void take_counts(void *ctx, const struct tm_pcap_source *src, const char *path)
{
    struct loop *l = ctx;
    const struct tm_pcap_counts *c = tm_pcap_counts(src);
    tm_progress_hide(&l->progress);
    warn_of(c, path);
    add_counts(l->counts, c);
    l->done_bytes += tm_pcap_read_bytes(src);
    l->end_us = tm_max_us(l->end_us, tm_pcap_newest_us(src));
}

/* World i takes what its filter matches. */
static int feed_filtered(const struct tm_reading *r, size_t i, const struct tm_packet *p, size_t n)
{
    int rc = TM_OK;
    for (size_t k = 0; k < n && rc == TM_OK; k++) {
        if (r->filter && r->filter[i] && !tm_filter_match(r->filter[i], &p[k]))
            continue;
        rc = tm_world_packet(r->world[i], &p[k]);
        if (rc == TM_OK && r->collect)
            rc = tm_collect_packet(r->collect[i], &p[k]);
    }
    return rc;
}

static int feed_worlds(const struct tm_reading *r, const struct tm_packet *p, size_t n)
{
    int rc = TM_OK;
    for (size_t k = 0; k < n && r->see; k++)
        r->see(r->see_ctx, &p[k]);
    for (size_t i = 0; i < r->n_worlds && rc == TM_OK; i++) {
        bool is_all = !r->collect && !(r->filter && r->filter[i]);
        rc = is_all ? tm_world_packets(r->world[i], p, n) : feed_filtered(r, i, p, n);
    }
    return rc;
}

/* Once: more of it is in the report at the end, and in the model. */
static void warn_of_full_table(struct loop *l, const struct tm_pcap_source *src, const char *path)
{
    size_t i = 0;
    while (i < l->r->n_worlds && tm_world_counts(l->r->world[i])->n_evicted == 0)
        i++;
    if (l->is_full || i == l->r->n_worlds)
        return;
    l->is_full = true;
    tm_progress_hide(&l->progress);
    (void)fprintf(stderr,
                  "tm-learn: warning: %s: by packet %" PRIu64
                  " the table of open connections is full; from here on the one silent for longest "
                  "ends when another begins (--max-flows)\n",
                  path, tm_pcap_counts(src)->n_frames);
}

static int feed(struct loop *l, const struct tm_pcap_source *src, const char *path,
                const struct tm_packet *p, size_t n)
{
    size_t before = l->n_packets / TM_PROGRESS_EVERY;
    int rc = feed_worlds(l->r, p, n);
    l->n_packets += n;
    if (rc != TM_OK)
        return tm_msg_set(l->msg, rc, "%s: packet %" PRIu64 ": %s", path,
                          tm_pcap_counts(src)->n_frames, tm_strerror(rc));
    warn_of_full_table(l, src, path);
    if (l->n_packets / TM_PROGRESS_EVERY != before)
        tm_progress_step(&l->progress, l->counts->n_captures,
                         l->counts->n_frames + tm_pcap_counts(src)->n_frames,
                         l->done_bytes + tm_pcap_read_bytes(src));
    return TM_OK;
}

/* Damage ends a capture and nothing more. */
static int forgive(struct loop *l, int rc)
{
    if (rc != TM_ERR_FORMAT && rc != TM_ERR_IO)
        return rc;
    tm_progress_hide(&l->progress);
    (void)fprintf(stderr, "tm-learn: warning: %s; what was read before is used\n", l->msg->text);
    l->msg->text[0] = '\0';
    l->counts->n_damaged++;
    return TM_OK;
}

static int read_capture(struct loop *l, const char *path)
{
    struct tm_pcap_source *src;
    const struct tm_packet *p;
    int rc = tm_pcap_open(&src, path, l->msg);
    if (rc != TM_OK)
        return rc;
    int fed = TM_OK;
    while (fed == TM_OK && (rc = tm_pcap_batch(src, &p, l->msg)) > 0)
        fed = feed(l, src, path, p, (size_t)rc);
    take_counts(l, src, path);
    tm_pcap_close(src);
    return fed != TM_OK ? fed : forgive(l, rc);
}

static int hand_over(const struct loop *l, struct tm_world *w)
{
    int rc = tm_world_end(w);
    if (rc == TM_OK)
        rc = l->each(l->ctx, w, l->counts->n_recordings);
    if (rc == TM_OK)
        tm_world_clear(w);
    return rc;
}

/* The recording is over: its connections are handed on, and forgotten. */
static int end_recording(struct loop *l)
{
    if (!l->is_used)
        return TM_OK;
    int rc = TM_OK;
    for (size_t i = 0; i < l->r->n_worlds && rc == TM_OK; i++)
        rc = hand_over(l, l->r->world[i]);
    l->counts->n_recordings++;
    l->is_used = false;
    l->end_us = 0;
    return rc;
}

static bool follows(const struct loop *l, const struct tm_input *in)
{
    return l->is_used && l->end_us > 0 && in->is_file && in->first_us != TM_NEVER &&
           in->first_us >= l->end_us - OVERLAP_MAX_US && in->first_us - l->end_us < TM_JOIN_GAP_US;
}

static int read_one_by_one(struct loop *l, const struct tm_inputs *in, bool is_joining)
{
    for (size_t i = 0; i < in->n; i++) {
        int rc = TM_OK;
        if (!is_joining || !follows(l, &in->input[i]))
            rc = end_recording(l);
        l->is_used = true;
        if (rc == TM_OK)
            rc = read_capture(l, in->input[i].path);
        if (rc != TM_OK)
            return rc;
    }
    return end_recording(l);
}

static int read_merged(struct loop *l, const struct tm_inputs *in)
{
    struct tm_merge *m = NULL;
    struct tm_packet p;
    bool is_fatal = false;
    int got = 1;
    int rc = tm_merge_new(&m, in, take_counts, l);
    l->is_used = true;
    while (rc == TM_OK && got != 0) {
        got = tm_merge_next(m, &p, &is_fatal, l->msg);
        if (got == 1)
            rc = feed(l, tm_merge_source(m), "merged captures", &p, 1);
        else if (got < 0)
            rc = is_fatal ? got : forgive(l, got);
    }
    tm_merge_free(m);
    return rc == TM_OK ? end_recording(l) : rc;
}

static int read_inputs(struct loop *l, struct tm_inputs *in, enum tm_join join)
{
    uint64_t size_bytes = 0;
    bool is_known = true;
    for (size_t i = 0; i < in->n; i++) {
        size_bytes += in->input[i].size_bytes;
        is_known = is_known && in->input[i].is_file;
    }
    tm_progress_start(&l->progress, in->n, is_known ? size_bytes : 0);
    if (join != TM_JOIN_NONE)
        tm_inputs_sort(in);
    int rc = join == TM_JOIN_ALL ? read_merged(l, in)
                                 : read_one_by_one(l, in, join == TM_JOIN_FOLLOWING);
    tm_progress_hide(&l->progress);
    return rc;
}

int tm_reading_run(const struct tm_reading *r, tm_reading_fn each, void *ctx,
                   struct tm_reading_counts *counts, struct tm_msg *msg)
{
    struct tm_inputs in;
    struct tm_msg own = {""};
    struct loop l = {.r = r, .each = each, .ctx = ctx, .counts = counts, .msg = msg ? msg : &own};
    *counts = (struct tm_reading_counts){0};
    int rc = tm_inputs_find(&in, r->traces, r->n_traces, l.msg);
    if (rc == TM_OK && in.n_passed_over > 0)
        (void)fprintf(stderr, "tm-learn: passed over %zu file%s that %s no captures\n",
                      in.n_passed_over, in.n_passed_over == 1 ? "" : "s",
                      in.n_passed_over == 1 ? "is" : "are");
    if (rc == TM_OK)
        rc = read_inputs(&l, &in, r->join);
    tm_inputs_deinit(&in);
    return rc;
}
