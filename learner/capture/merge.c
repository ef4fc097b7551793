#include "learner/capture/merge.h"

#include <stdlib.h>

#include "tm/base/time.h"

/* One capture: not open (no source), or with its next packet. */
struct lane {
    const struct tm_input *input;
    struct tm_pcap_source *source;
    struct tm_packet head;
    int64_t due_us; /* of the head; of a file that is not open its first frame's */
    size_t rank;    /* in tm_inputs */
};

struct tm_merge {
    struct lane *lane; /* a heap, the earliest first */
    size_t n;
    bool is_used; /* the first lane's head was given out */
    tm_merge_fn done;
    void *ctx;
};

void tm_merge_free(struct tm_merge *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->lane && i < m->n; i++)
        tm_pcap_close(m->lane[i].source);
    free(m->lane);
    free(m);
}

static bool is_before(const struct lane *a, const struct lane *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->rank < b->rank;
}

static void sift_down(struct tm_merge *m, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->n; child++) {
            if (is_before(&m->lane[child], &m->lane[least]))
                least = child;
        }
        if (least == i)
            return;
        struct lane moved = m->lane[i];
        m->lane[i] = m->lane[least];
        m->lane[least] = moved;
        i = least;
    }
}

int tm_merge_new(struct tm_merge **out, const struct tm_inputs *in, tm_merge_fn done, void *ctx)
{
    struct tm_merge *m = calloc(1, sizeof *m);
    *out = m;
    if (!m)
        return TM_ERR_NOMEM;
    m->done = done;
    m->ctx = ctx;
    m->lane = calloc(in->n > 0 ? in->n : 1, sizeof *m->lane);
    if (!m->lane) {
        tm_merge_free(m);
        *out = NULL;
        return TM_ERR_NOMEM;
    }
    /* a capture of unknown start is due at once */
    for (size_t i = 0; i < in->n; i++)
        m->lane[m->n++] = (struct lane){
            .input = &in->input[i],
            .due_us = in->input[i].first_us == TM_NEVER ? INT64_MIN : in->input[i].first_us,
            .rank = i,
        };
    for (size_t i = m->n / 2; i-- > 0;)
        sift_down(m, i);
    return TM_OK;
}

/* The first lane's next packet, and the heap in order again; or its end: 0 or what went wrong. */
static int advance(struct tm_merge *m, struct tm_msg *msg)
{
    struct lane *top = &m->lane[0];
    int got = tm_pcap_next(top->source, &top->head, msg);
    if (got == 1) {
        top->due_us = top->head.t_us;
    } else {
        m->done(m->ctx, top->source, top->input->path);
        tm_pcap_close(top->source);
        *top = m->lane[--m->n];
    }
    sift_down(m, 0);
    return got;
}

int tm_merge_next(struct tm_merge *m, struct tm_packet *p, bool *is_fatal, struct tm_msg *msg)
{
    *is_fatal = false;
    while (m->n > 0) {
        struct lane *top = &m->lane[0];
        if (top->source && !m->is_used) {
            *p = top->head;
            m->is_used = true;
            return 1;
        }
        m->is_used = false;
        if (!top->source) {
            int rc = tm_pcap_open(&top->source, top->input->path, msg);
            *is_fatal = rc != TM_OK;
            if (rc != TM_OK)
                return rc;
        }
        int got = advance(m, msg);
        *is_fatal = got == TM_ERR_NOMEM;
        if (got < 0)
            return got;
    }
    return 0;
}

const struct tm_pcap_source *tm_merge_source(const struct tm_merge *m)
{
    return m->n > 0 && m->is_used ? m->lane[0].source : NULL;
}
