/* tm/net/replay.c - the nonces in a hash table, the same entries in a min-heap by token time.
 *
 * The table is open-addressed with linear probing and holds indices into `entry`; deletion shifts back.  The
 * nonces come from AES-GCM tokens that authenticated, so their first bytes are good hash values: only
 * an enrolled client could choose them, and its cost to others is bounded by the table's size. */
#include "tm/net/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/base/buf.h"

#define FILE_HEAD_LEN 16
#define RECORD_LEN    16
#define NO_ENTRY      UINT32_MAX

static const uint8_t file_head[FILE_HEAD_LEN] = "tm replay 1\n";

struct entry {
    uint64_t time_ms;
    uint8_t nonce[TM_REPLAY_NONCE_LEN];
    uint32_t heap; /* its place in the heap */
};

struct floor {
    uint8_t client_id[TM_CLIENT_ID_LEN];
    uint64_t saved_ms; /* at start-up: older tokens are refused */
    uint64_t top_ms;   /* highest accepted, what the file holds */
};

struct tm_replay {
    int fd; /* -1: none */
    int64_t window_ms;
    uint64_t floor_ms; /* of the nonces forgotten for want of room */
    struct entry *entry;
    uint32_t *slot; /* n_slots, a power of two >= 2 cap */
    uint32_t *heap; /* of n entries, the oldest first */
    size_t n, cap, n_slots;
    struct floor *floor; /* sorted as in the file: in order of first use */
    size_t n_floors, cap_floors;
};

/* ---- The table ---- */

static size_t home(const struct tm_replay *r, const uint8_t *nonce)
{
    uint64_t h;
    memcpy(&h, nonce, sizeof h);
    return (size_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (r->n_slots - 1);
}

/* The nonce's slot, or the free one where it would go. */
static size_t find(const struct tm_replay *r, const uint8_t *nonce)
{
    size_t i = home(r, nonce);
    while (r->slot[i] != NO_ENTRY &&
           memcmp(r->entry[r->slot[i]].nonce, nonce, TM_REPLAY_NONCE_LEN) != 0)
        i = (i + 1) & (r->n_slots - 1);
    return i;
}

static void unslot(struct tm_replay *r, size_t i)
{
    size_t mask = r->n_slots - 1;
    r->slot[i] = NO_ENTRY;
    for (size_t j = (i + 1) & mask; r->slot[j] != NO_ENTRY; j = (j + 1) & mask) {
        size_t h = home(r, r->entry[r->slot[j]].nonce);
        if (((j - h) & mask) >= ((j - i) & mask)) {
            r->slot[i] = r->slot[j];
            r->slot[j] = NO_ENTRY;
            i = j;
        }
    }
}

/* ---- The heap ---- */

static void heap_set(struct tm_replay *r, size_t i, uint32_t e)
{
    r->heap[i] = e;
    r->entry[e].heap = (uint32_t)i;
}

static void heap_up(struct tm_replay *r, size_t i, uint32_t e)
{
    while (i > 0 && r->entry[r->heap[(i - 1) / 2]].time_ms > r->entry[e].time_ms) {
        heap_set(r, i, r->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_set(r, i, e);
}

static void heap_down(struct tm_replay *r, size_t i, uint32_t e)
{
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= r->n)
            break;
        if (c + 1 < r->n && r->entry[r->heap[c + 1]].time_ms < r->entry[r->heap[c]].time_ms)
            c++;
        if (r->entry[r->heap[c]].time_ms >= r->entry[e].time_ms)
            break;
        heap_set(r, i, r->heap[c]);
        i = c;
    }
    heap_set(r, i, e);
}

/* Forgets the oldest nonce; the last entry moves into its place in memory. */
static void forget_oldest(struct tm_replay *r)
{
    uint32_t e = r->heap[0];
    unslot(r, find(r, r->entry[e].nonce));
    r->n--;
    uint32_t last_heap = r->heap[r->n];
    if (r->n > 0)
        heap_down(r, 0, last_heap);
    uint32_t last = (uint32_t)r->n;
    if (e != last) {
        size_t s = find(r, r->entry[last].nonce);
        r->entry[e] = r->entry[last];
        r->slot[s] = e;
        r->heap[r->entry[e].heap] = e;
    }
}

/* ---- The file ---- */

static int add_floor(struct tm_replay *r, const uint8_t *id, uint64_t saved_ms)
{
    if (r->n_floors == r->cap_floors) {
        size_t cap = r->cap_floors == 0 ? 16 : 2 * r->cap_floors;
        struct floor *f =
            r->n_floors >= TM_REPLAY_CLIENTS_MAX ? NULL : realloc(r->floor, cap * sizeof *f);
        if (f == NULL)
            return r->n_floors >= TM_REPLAY_CLIENTS_MAX ? TM_ERR_LIMIT : TM_ERR_NOMEM;
        r->floor = f;
        r->cap_floors = cap;
    }
    struct floor *f = &r->floor[r->n_floors++];
    *f = (struct floor){.saved_ms = saved_ms, .top_ms = saved_ms};
    memcpy(f->client_id, id, TM_CLIENT_ID_LEN);
    return TM_OK;
}

static struct floor *floor_of(const struct tm_replay *r, const uint8_t *id)
{
    for (size_t i = 0; i < r->n_floors; i++)
        if (memcmp(r->floor[i].client_id, id, TM_CLIENT_ID_LEN) == 0)
            return &r->floor[i];
    return NULL;
}

static int read_file(struct tm_replay *r, const char *path, struct tm_msg *msg)
{
    uint8_t rec[RECORD_LEN];
    ssize_t n = pread(r->fd, rec, sizeof rec, 0);
    if (n == 0 && pwrite(r->fd, file_head, FILE_HEAD_LEN, 0) == FILE_HEAD_LEN)
        return TM_OK;
    if (n <= 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    if (n != FILE_HEAD_LEN || memcmp(rec, file_head, FILE_HEAD_LEN) != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s is no replay state file; remove it to start afresh", path);
    int rc = TM_OK;
    off_t off = FILE_HEAD_LEN;
    while (rc == TM_OK && pread(r->fd, rec, sizeof rec, off) == RECORD_LEN) {
        struct tm_rd rd = tm_rd_init(rec, sizeof rec);
        struct tm_view id = tm_rd_bytes(&rd, TM_CLIENT_ID_LEN);
        rc = add_floor(r, id.p, tm_rd_u64(&rd));
        off += RECORD_LEN;
    }
    /* A torn record at the end is the first use of a client in a crash: overwritten by the next one. */
    return rc == TM_OK ? TM_OK : tm_msg_set(msg, rc, "%s: %s", path, tm_strerror(rc));
}

static int write_floor(const struct tm_replay *r, const struct floor *f)
{
    if (r->fd < 0)
        return TM_OK;
    uint8_t rec[RECORD_LEN];
    struct tm_wr w = tm_wr_init(rec, sizeof rec);
    tm_wr_bytes(&w, f->client_id, TM_CLIENT_ID_LEN);
    tm_wr_u64(&w, f->top_ms);
    off_t off = FILE_HEAD_LEN + (off_t)(f - r->floor) * RECORD_LEN;
    return pwrite(r->fd, rec, sizeof rec, off) == RECORD_LEN ? TM_OK : TM_ERR_IO;
}

/* ---- Public ---- */

int tm_replay_new(struct tm_replay **out, const struct tm_replay_cfg *cfg, struct tm_msg *msg)
{
    int rc = TM_ERR_NOMEM;
    struct tm_replay *r = calloc(1, sizeof *r);
    if (r == NULL)
        goto out;
    r->fd = -1;
    r->cap = cfg->cap == 0 ? TM_REPLAY_CAP : cfg->cap;
    r->window_ms = cfg->window_ms == 0 ? TM_REPLAY_WINDOW_MS : cfg->window_ms;
    for (r->n_slots = 16; r->n_slots < 2 * r->cap;)
        r->n_slots *= 2;
    r->entry = calloc(r->cap, sizeof *r->entry);
    r->heap = calloc(r->cap, sizeof *r->heap);
    r->slot = calloc(r->n_slots, sizeof *r->slot);
    if (r->entry == NULL || r->heap == NULL || r->slot == NULL)
        goto out;
    memset(r->slot, 0xff, r->n_slots * sizeof *r->slot);
    rc = TM_OK;
    if (cfg->path != NULL) {
        r->fd = open(cfg->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        rc = r->fd < 0 ? tm_msg_set(msg, TM_ERR_IO, "%s: %s", cfg->path, strerror(errno))
                       : read_file(r, cfg->path, msg);
    }
out:
    if (rc == TM_ERR_NOMEM)
        (void)tm_msg_set(msg, rc, "out of memory");
    if (rc != TM_OK) {
        tm_replay_free(r);
        r = NULL;
    }
    *out = r;
    return rc;
}

void tm_replay_free(struct tm_replay *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    free(r->entry);
    free(r->heap);
    free(r->slot);
    free(r->floor);
    free(r);
}

uint64_t tm_replay_floor_ms(const struct tm_replay *r, const uint8_t client_id[TM_CLIENT_ID_LEN])
{
    const struct floor *f = floor_of(r, client_id);
    return f != NULL && f->saved_ms > r->floor_ms ? f->saved_ms : r->floor_ms;
}

int tm_replay_check(const struct tm_replay *r, const uint8_t client_id[TM_CLIENT_ID_LEN],
                    const uint8_t nonce[TM_REPLAY_NONCE_LEN], uint64_t time_ms, uint64_t now_ms)
{
    uint64_t off = time_ms > now_ms ? time_ms - now_ms : now_ms - time_ms;
    if (off > (uint64_t)r->window_ms)
        return TM_ERR_RANGE;
    uint64_t floor_ms = tm_replay_floor_ms(r, client_id);
    if (floor_ms != 0 && time_ms <= floor_ms)
        return TM_ERR_AUTH;
    return r->slot[find(r, nonce)] == NO_ENTRY ? TM_OK : TM_ERR_AUTH;
}

static int use_floor(struct tm_replay *r, const uint8_t *client_id, uint64_t time_ms)
{
    struct floor *f = floor_of(r, client_id);
    if (f == NULL) {
        int rc = add_floor(r, client_id, 0);
        if (rc != TM_OK)
            return rc;
        f = &r->floor[r->n_floors - 1];
    }
    if (time_ms <= f->top_ms)
        return TM_OK;
    f->top_ms = time_ms;
    return write_floor(r, f);
}

int tm_replay_use(struct tm_replay *r, const uint8_t client_id[TM_CLIENT_ID_LEN],
                  const uint8_t nonce[TM_REPLAY_NONCE_LEN], uint64_t time_ms)
{
    if (r->n == r->cap) {
        r->floor_ms = r->entry[r->heap[0]].time_ms;
        forget_oldest(r);
    }
    size_t s = find(r, nonce);
    if (r->slot[s] == NO_ENTRY) {
        uint32_t e = (uint32_t)r->n++;
        r->entry[e].time_ms = time_ms;
        memcpy(r->entry[e].nonce, nonce, TM_REPLAY_NONCE_LEN);
        r->slot[s] = e;
        heap_up(r, e, e);
    }
    return use_floor(r, client_id, time_ms);
}
