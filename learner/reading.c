#include "learner/reading.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "learner/pcap_source.h"

/* Shown on a terminal when a capture takes longer than a moment. */
struct progress {
    bool is_on;
    bool is_shown;
    struct timespec next;
    size_t index;
    size_t n_traces;
};

#define PROGRESS_EVERY 65536U /* packets between two looks at the clock */

static void progress_start(struct progress *p, size_t index, size_t n_traces)
{
    *p = (struct progress){
        .is_on = isatty(STDERR_FILENO) == 1, .index = index, .n_traces = n_traces};
    (void)clock_gettime(CLOCK_MONOTONIC, &p->next);
    p->next.tv_sec++;
}

static void progress_step(struct progress *p, const struct tm_pcap_source *src)
{
    struct timespec now;
    if (!p->is_on)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < p->next.tv_sec ||
        (now.tv_sec == p->next.tv_sec && now.tv_nsec < p->next.tv_nsec))
        return;
    p->next = now;
    p->next.tv_sec++;
    p->is_shown = true;
    (void)fprintf(stderr, "\rcapture %zu of %zu: %.1f M packets", p->index + 1, p->n_traces,
                  (double)tm_pcap_counts(src)->n_frames / 1e6);
    uint64_t size = tm_pcap_size_bytes(src);
    if (size > 0)
        (void)fprintf(stderr, ", %.0f %%", 100.0 * (double)tm_pcap_read_bytes(src) / (double)size);
    (void)fflush(stderr);
}

static void progress_end(const struct progress *p)
{
    if (p->is_shown)
        (void)fprintf(stderr, "\r\033[K");
}

static int feed(const struct tm_reading_set *set, const struct tm_packet *p)
{
    int rc = TM_OK;
    for (size_t i = 0; i < set->n && rc == TM_OK; i++) {
        if (!set->filter[i] || tm_filter_match(set->filter[i], p))
            rc = tm_world_packet(set->world[i], p);
    }
    return rc;
}

static int end_all(const struct tm_reading_set *set)
{
    int rc = TM_OK;
    for (size_t i = 0; i < set->n && rc == TM_OK; i++)
        rc = tm_world_end(set->world[i]);
    return rc;
}

static int read_packets(struct tm_pcap_source *src, const struct tm_reading_set *set,
                        struct progress *progress, struct tm_msg *msg)
{
    struct tm_packet p;
    int rc;
    for (uint32_t n = 1; (rc = tm_pcap_next(src, &p, msg)) == 1; n++) {
        int fed = feed(set, &p);
        if (fed != TM_OK)
            return fed;
        if (n % PROGRESS_EVERY == 0)
            progress_step(progress, src);
    }
    return rc;
}

static void add_counts(struct tm_reading_counts *counts, const struct tm_pcap_counts *c)
{
    counts->n_frames += c->n_frames;
    for (size_t k = 0; k < TM_PACKET_KINDS; k++)
        counts->n_kind[k] += c->n_kind[k];
}

static int read_capture(const char *path, const struct tm_reading_set *set,
                        struct progress *progress, struct tm_reading_counts *counts,
                        struct tm_msg *msg)
{
    struct tm_pcap_source *src;
    int rc = tm_pcap_open(&src, path, msg);
    if (rc != TM_OK)
        return rc;
    rc = read_packets(src, set, progress, msg);
    progress_end(progress);
    if (rc == TM_ERR_FORMAT) {
        (void)fprintf(stderr, "tm-learn: warning: %s; what was read before is used\n", msg->text);
        counts->n_damaged++;
        rc = TM_OK;
    } else if (rc != TM_OK) {
        (void)tm_msg_set(msg, rc, "%s: packet %" PRIu64 ": %s", path, tm_pcap_counts(src)->n_frames,
                         tm_strerror(rc));
    }
    counts->n_captures++;
    add_counts(counts, tm_pcap_counts(src));
    tm_pcap_close(src);
    return rc == TM_OK ? end_all(set) : rc;
}

/* Named pipes and standard input can be opened only once. */
static int try_open(const char *path, struct tm_msg *msg)
{
    struct tm_pcap_source *src;
    struct stat st;
    if (strcmp(path, "-") == 0 ||
        (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return TM_OK;
    int rc = tm_pcap_open(&src, path, msg);
    if (rc == TM_OK)
        tm_pcap_close(src);
    return rc;
}

static int hand_over(const struct tm_reading_set *set, tm_reading_fn each, void *ctx, size_t index)
{
    int rc = TM_OK;
    for (size_t i = 0; i < set->n && rc == TM_OK; i++) {
        rc = each(ctx, set->world[i], index);
        tm_world_clear(set->world[i]);
    }
    return rc;
}

/* NOLINTNEXTLINE(readability-function-size): what goes in, what comes out, and who is told */
int tm_reading_run_set(char *const *traces, size_t n_traces, const struct tm_reading_set *set,
                       tm_reading_fn each, void *ctx, struct tm_reading_counts *counts,
                       struct tm_msg *msg)
{
    *counts = (struct tm_reading_counts){0};
    for (size_t i = 0; i < n_traces; i++) {
        int rc = try_open(traces[i], msg);
        if (rc != TM_OK)
            return rc;
    }
    for (size_t i = 0; i < n_traces; i++) {
        struct progress progress;
        progress_start(&progress, i, n_traces);
        int rc = read_capture(traces[i], set, &progress, counts, msg);
        if (rc == TM_OK)
            rc = hand_over(set, each, ctx, i);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

/* NOLINTNEXTLINE(readability-function-size): as above */
int tm_reading_run(char *const *traces, size_t n_traces, struct tm_world *w, tm_reading_fn each,
                   void *ctx, struct tm_reading_counts *counts, struct tm_msg *msg)
{
    struct tm_filter *all = NULL;
    struct tm_reading_set set = {&w, &all, 1};
    return tm_reading_run_set(traces, n_traces, &set, each, ctx, counts, msg);
}
