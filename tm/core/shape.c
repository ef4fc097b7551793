#include "tm/core/shape.h"

#include <stdbool.h>
#include <string.h>

uint32_t tm_shape_next_record(uint32_t rem)
{
    if (rem <= TM_RECORD_MAX)
        return rem;
    return rem - TM_RECORD_MAX >= TM_RECORD_MIN ? TM_RECORD_MAX : rem - TM_RECORD_MIN;
}

uint32_t tm_shape_handshake_part(uint32_t size, uint32_t hs_min)
{
    return size < hs_min + TM_RECORD_MIN ? size : hs_min;
}

size_t tm_shape_flight_index(const struct tm_plan *p)
{
    size_t i = 0;
    while (i < p->n_writes && p->w[i].dir != TM_DOWN)
        i++;
    return i;
}

size_t tm_shape_fin_index(const struct tm_plan *p)
{
    size_t i = tm_shape_flight_index(p);
    while (i < p->n_writes && p->w[i].dir != TM_UP)
        i++;
    return i;
}

/* Removes writes 1..n (of the leading up writes), whose bytes write 0 has taken.  References that pointed
 * into the removed part now point to write 0. */
static void drop_after_first(struct tm_plan *p, size_t n)
{
    for (size_t i = n + 1; i < p->n_writes; i++) {
        size_t ref = i - p->w[i].ref_back;
        size_t new_i = i - n;
        size_t new_ref = ref <= n ? 0 : ref - n;
        if (p->w[i].ref_back == 0)
            continue;
        size_t back = new_i - new_ref;
        p->w[i].ref_back = (uint8_t)(back < TM_REF_BACK_MAX ? back : TM_REF_BACK_MAX);
    }
    memmove(p->w + 1, p->w + 1 + n, (p->n_writes - 1 - n) * sizeof *p->w);
    p->n_writes -= n;
}

/* References to the end, after `more` writes were added behind all others or some taken away in front. */
static void project_close(struct tm_plan *p, unsigned more)
{
    uint8_t *const back[] = {&p->close.back, &p->close.server_back};
    for (int i = 0; i < 2; i++) {
        size_t want = *back[i] > 0 ? *back[i] + (size_t)more : 0;
        want = want < p->n_writes ? want : p->n_writes;
        *back[i] = (uint8_t)(want < UINT8_MAX ? want : UINT8_MAX);
    }
}

/* Rules 1 and 2: exactly one up write in front, and a down write behind it. */
static int project_start(struct tm_plan *p, const struct tm_shape *shape)
{
    size_t lead = tm_shape_flight_index(p);
    if (lead == 0) {
        int rc = tm_plan_add(p, (struct tm_write){0});
        if (rc != TM_OK)
            return rc;
        memmove(p->w + 1, p->w, (p->n_writes - 1) * sizeof *p->w);
        p->w[0] = (struct tm_write){.size = shape->hello_min, .dir = TM_UP};
        if (p->n_writes > 1 && p->w[1].ref_back == 0)
            p->w[1].ref_back = 1; /* "the start" is the ClientHello for a server */
    } else if (lead > 1) {
        uint64_t sum = 0;
        for (size_t i = 0; i < lead; i++)
            sum += p->w[i].size;
        p->w[0].size = sum < TM_WRITE_SIZE_MAX ? (uint32_t)sum : TM_WRITE_SIZE_MAX;
        drop_after_first(p, lead - 1);
    }
    p->w[0].ref_back = 0;
    int rc = TM_OK;
    unsigned more = tm_shape_flight_index(p) == p->n_writes;
    if (more)
        rc = tm_plan_add(
            p, (struct tm_write){.size = shape->flight_min, .dir = TM_DOWN, .ref_back = 1});
    project_close(p, more);
    return rc;
}

/* At least `min`; what that adds is owed, and given back as soon as one write can spare all of it. */
static uint32_t fit(uint32_t size, uint32_t min, uint64_t *owed)
{
    if (size < min) {
        *owed += min - size;
        return min;
    }
    if (size - min < *owed)
        return size;
    size -= (uint32_t)*owed;
    *owed = 0;
    return size;
}

/* Rules 3 and 4; `inserted` bytes of write 0 are not the plan's.  Returns how many writes changed their size. */
static uint64_t project_sizes(struct tm_plan *p, const struct tm_shape *shape, uint32_t inserted)
{
    size_t flight = tm_shape_flight_index(p);
    size_t fin = tm_shape_fin_index(p);
    uint64_t n_resized = 0;
    uint64_t owed[2] = {0, 0};
    uint32_t over = p->w[0].size > TM_HELLO_MAX ? p->w[0].size - TM_HELLO_MAX : 0;
    for (size_t i = 0; i < p->n_writes; i++) {
        uint32_t min = i == 0        ? shape->hello_min
                       : i == flight ? shape->flight_min
                       : i == fin    ? shape->fin_min
                                     : TM_RECORD_MIN;
        uint32_t size = p->w[i].size;
        if (i == 0)
            size -= over;
        else if (i == fin)
            size += over < TM_WRITE_SIZE_MAX - size ? over : TM_WRITE_SIZE_MAX - size;
        size = fit(size, min, &owed[p->w[i].dir]);
        if (i == 0)
            owed[TM_UP] += inserted;
        n_resized += size != p->w[i].size;
        p->w[i].size = size;
    }
    return n_resized;
}

/* Rules 5 and 6.  Returns how many writes were delayed or given another event. */
static uint64_t project_clocks(struct tm_plan *p, uint32_t prep_us)
{
    size_t flight = tm_shape_flight_index(p);
    size_t fin = tm_shape_fin_index(p);
    uint64_t n_delayed = 0;
    for (size_t i = 1; i < p->n_writes; i++) {
        struct tm_write *w = &p->w[i];
        struct tm_write was = *w;
        if (w->ref_back == 0)
            w->ref_back = (uint8_t)(i < TM_REF_BACK_MAX ? i : TM_REF_BACK_MAX);
        if (i == fin && i - w->ref_back < flight && i - flight <= TM_REF_BACK_MAX)
            w->ref_back = (uint8_t)(i - flight);
        if (p->w[i - w->ref_back].dir != w->dir && w->gap_us < prep_us)
            w->gap_us = prep_us;
        n_delayed += w->gap_us != was.gap_us || w->ref_back != was.ref_back;
    }
    return n_delayed;
}

int tm_shape_project(struct tm_plan *p, const struct tm_shape *shape, uint32_t prep_us,
                     struct tm_distortion *d)
{
    uint64_t learned = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN);
    uint32_t inserted = tm_shape_flight_index(p) == 0 ? shape->hello_min : 0;
    int rc = project_start(p, shape);
    if (rc != TM_OK)
        return rc;
    uint64_t n_resized = project_sizes(p, shape, inserted);
    uint64_t n_delayed = project_clocks(p, prep_us);
    if (d) {
        uint64_t playable = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN);
        d->n_writes += p->n_writes;
        d->n_resized += n_resized;
        d->n_delayed += n_delayed;
        d->bytes += playable;
        d->bytes_added += playable > learned ? playable - learned : 0;
    }
    return TM_OK;
}

int tm_shape_check(const struct tm_plan *p, const struct tm_shape *shape, size_t from)
{
    if (p->n_writes == 0 || p->w[0].dir != TM_UP || p->w[0].ref_back != 0 ||
        p->w[0].size < shape->hello_min || p->w[0].size > TM_HELLO_MAX ||
        (p->n_writes > 1 && p->w[1].dir != TM_DOWN))
        return TM_ERR_RANGE;
    /* Write 1 is the flight. */
    size_t fin = 2;
    while (fin < p->n_writes && p->w[fin].dir != TM_UP)
        fin++;
    for (size_t i = from > 1 ? from : 1; i < p->n_writes; i++) {
        uint32_t min = i == 1 ? shape->flight_min : i == fin ? shape->fin_min : TM_RECORD_MIN;
        bool before_flight = i == fin && p->w[i].ref_back > i - 1;
        if (p->w[i].size < min || p->w[i].ref_back == 0 || before_flight)
            return TM_ERR_RANGE;
    }
    return TM_OK;
}
