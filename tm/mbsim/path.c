#include "tm/mbsim/path.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"

#define NS_PER_S INT64_C(1000000000)
#define BURST_NS INT64_C(1000000)   /* packets so near belong together */
#define NEAR_NS  INT64_C(100000000) /* held packets so near move together */

void tm_mbsim_path_init(struct tm_mbsim_path *p, int64_t delay_ns, uint64_t pps)
{
    *p = (struct tm_mbsim_path){.delay_ns = delay_ns, .pps = pps};
    p->excess_ns = NS_PER_S / (int64_t)pps;
}

void tm_mbsim_path_deinit(struct tm_mbsim_path *p)
{
    free(p->sent[0].t_ns);
    free(p->sent[1].t_ns);
    free(p->lags);
}

static int widen(struct tm_mbsim_window *w)
{
    const size_t cap = w->cap > 0 ? 2 * w->cap : 64;
    int64_t *t_ns = calloc(cap, sizeof *t_ns);
    if (!t_ns)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < w->n; i++)
        t_ns[i] = w->t_ns[(w->from + i) & (w->cap - 1)];
    free(w->t_ns);
    *w = (struct tm_mbsim_window){.t_ns = t_ns, .n = w->n, .cap = cap};
    return TM_OK;
}

int tm_mbsim_window_add(struct tm_mbsim_window *w, int64_t t_ns, int64_t width_ns, size_t *n)
{
    if (w->n == w->cap) {
        int rc = widen(w);
        if (rc != TM_OK)
            return rc;
    }
    w->t_ns[(w->from + w->n++) & (w->cap - 1)] = t_ns;
    while (t_ns - w->t_ns[w->from] > width_ns) {
        w->from = (w->from + 1) & (w->cap - 1);
        w->n--;
    }
    *n = w->n;
    return TM_OK;
}

int tm_mbsim_path_send(struct tm_mbsim_path *p, int64_t now_ns, bool is_client, int64_t *excess_ns)
{
    size_t n;
    int rc = tm_mbsim_window_add(&p->sent[is_client], now_ns, NS_PER_S, &n);
    if (rc == TM_OK)
        *excess_ns = n > p->pps ? p->excess_ns * (int64_t)(n - p->pps) : 0;
    return rc;
}

/* Nearly always behind those that are there. */
static int add_lag(struct tm_mbsim_path *p, struct tm_mbsim_lag lag)
{
    if (p->n == p->cap && p->from > p->cap / 2) {
        memmove(p->lags, p->lags + p->from, (p->n - p->from) * sizeof *p->lags);
        p->n -= p->from;
        p->from = 0;
    } else if (p->n == p->cap) {
        int rc = tm_grow(&p->lags, &p->cap, p->n, sizeof *p->lags);
        if (rc != TM_OK)
            return rc;
    }
    size_t k = p->n++;
    for (; k > p->from && p->lags[k - 1].t_ns > lag.t_ns; k--)
        p->lags[k] = p->lags[k - 1];
    p->lags[k] = lag;
    return TM_OK;
}

static int64_t rest(int64_t whole_ns, int64_t part_ns)
{
    return whole_ns > part_ns ? whole_ns - part_ns : 0;
}

/* How long it takes until an end would have noticed, in delays, less what was noticed while the packet was held. */
int tm_mbsim_path_spread(struct tm_mbsim_path *p, int64_t lag_ns, int64_t now_ns, bool is_client)
{
    const int64_t d = p->delay_ns;
    const int64_t to_client = is_client ? rest(4 * d, lag_ns) : rest(d, lag_ns);
    const int64_t to_server = is_client ? rest(3 * d, lag_ns) : rest(4 * d, lag_ns);
    int rc = add_lag(
        p, (struct tm_mbsim_lag){.t_ns = now_ns + to_client, .lag_ns = lag_ns, .is_client = true});
    if (rc == TM_OK)
        rc = add_lag(p, (struct tm_mbsim_lag){.t_ns = now_ns + to_server, .lag_ns = lag_ns});
    return rc;
}

struct tm_mbsim_lag tm_mbsim_path_take(struct tm_mbsim_path *p)
{
    return p->lags[p->from++];
}

/* Whether the application sends its next packet so soon after t_ns that they belong together. */
static bool is_followed(const struct tm_mbsim_queue *q, int64_t t_ns, int64_t lag_ns)
{
    return q->at_base < q->n_base && q->base_ns[q->at_base] + lag_ns - t_ns <= BURST_NS;
}

static int64_t tail_of(const struct tm_mbsim_heap *h, int64_t head_ns, int64_t tail_ns)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->e[i].t_ns - head_ns <= BURST_NS && h->e[i].t_ns > tail_ns)
            tail_ns = h->e[i].t_ns;
    return tail_ns;
}

int64_t tm_mbsim_lag_of_block(const struct tm_mbsim_queue *q, int64_t t_ns, int64_t head_ns)
{
    int64_t tail_ns = head_ns;
    if (q->blocked.n + q->passing.n > 2) /* quirk: the second of two is not seen */
        tail_ns = tail_of(&q->passing, head_ns, tail_of(&q->blocked, head_ns, head_ns));
    return is_followed(q, head_ns, q->lag_ns) ? 0 : rest(t_ns, tail_ns);
}

static bool has_near(const struct tm_mbsim_heap *h, int64_t t_ns)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->e[i].t_ns - t_ns <= NEAR_NS)
            return true;
    return false;
}

int64_t tm_mbsim_lag_of_release(const struct tm_mbsim_queue *q, int64_t now_ns, int64_t t_ns)
{
    if (has_near(&q->blocked, t_ns) || has_near(&q->passing, t_ns) ||
        is_followed(q, t_ns, q->lag_ns))
        return 0;
    return rest(now_ns, t_ns);
}

bool tm_mbsim_is_tail(const struct tm_mbsim_queue *q, int64_t t_ns, int64_t lag_ns)
{
    return !has_near(&q->blocked, t_ns) && !has_near(&q->passing, t_ns) &&
           !is_followed(q, t_ns, lag_ns);
}
