#include "learner/capture/frames.h"

#include <stdlib.h>
#include <string.h>

/* Small enough to stay in a core's cache, where the reader has just put the bytes. */
#define WINDOW_LEN ((size_t)256 * 1024)

struct tm_frames {
    struct tm_unpack *unpack;
    struct tm_format *format;
    uint8_t *window; /* owned; `cap` bytes */
    size_t cap;
    size_t at; /* window[at..len) was not taken yet */
    size_t len;
    uint64_t skip; /* bytes to take that were not read yet */
    bool is_end;   /* of what is read */
    bool is_cut;
    int failed; /* an error, once there was one */
    struct tm_msg why;
};

int tm_frames_new(struct tm_frames **out, tm_read_fn read, void *ctx)
{
    struct tm_frames *s = calloc(1, sizeof *s);
    int rc = s ? TM_OK : TM_ERR_NOMEM;
    *out = NULL;
    if (rc != TM_OK)
        return rc;
    s->cap = WINDOW_LEN;
    s->window = malloc(s->cap);
    rc = s->window ? tm_unpack_new(&s->unpack, read, ctx) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = tm_format_new(&s->format);
    if (rc != TM_OK) {
        tm_frames_free(s);
        return rc;
    }
    *out = s;
    return TM_OK;
}

void tm_frames_free(struct tm_frames *s)
{
    if (!s)
        return;
    tm_format_free(s->format);
    tm_unpack_free(s->unpack);
    free(s->window);
    free(s);
}

/* Moves what is left to the front, and makes room for `want` bytes. */
static int make_room(struct tm_frames *s, size_t want)
{
    if (s->at > 0)
        memmove(s->window, s->window + s->at, s->len - s->at);
    s->len -= s->at;
    s->at = 0;
    if (want <= s->cap)
        return TM_OK;
    size_t cap = s->cap;
    while (cap < want)
        cap *= 2;
    uint8_t *window = realloc(s->window, cap);
    if (!window)
        return TM_ERR_NOMEM;
    s->window = window;
    s->cap = cap;
    return TM_OK;
}

/* Takes n bytes, read already or not. */
static void take(struct tm_frames *s, size_t n)
{
    size_t have = s->len - s->at;
    if (n > have) {
        s->skip = n - have;
        n = have;
    }
    s->at += n;
}

/* At least `want` bytes in the window, unless the end comes first. */
static int fill(struct tm_frames *s, size_t want, struct tm_msg *msg)
{
    int rc = make_room(s, want);
    while (rc == TM_OK && s->len < want && !s->is_end) {
        ssize_t got = tm_unpack_read(s->unpack, s->window + s->len, s->cap - s->len, msg);
        if (got < 0)
            return (int)got;
        s->is_end = got == 0;
        s->len += (size_t)got;
    }
    return rc;
}

/* Reads what is to be taken without a look; the window is empty. */
static int pass(struct tm_frames *s, struct tm_msg *msg)
{
    while (s->skip > 0 && !s->is_end) {
        ssize_t got = tm_unpack_read(s->unpack, s->window, s->cap, msg);
        if (got < 0)
            return (int)got;
        s->is_end = got == 0;
        s->len = (size_t)got;
        s->at = s->skip < s->len ? (size_t)s->skip : s->len;
        s->skip -= s->at;
    }
    return TM_OK;
}

/* The stream ended where the parser wants more. */
static int at_end(struct tm_frames *s, struct tm_msg *msg)
{
    if (s->at == s->len && s->skip == 0 && tm_format_may_end(s->format))
        return 0;
    s->is_cut = true;
    if (!tm_format_is_open(s->format))
        return tm_msg_set(msg, TM_ERR_FORMAT, "it ends inside its file header");
    return tm_msg_set(msg, TM_ERR_FORMAT, "it ends inside the next one");
}

static int next(struct tm_frames *s, struct tm_frame *frame, struct tm_msg *msg)
{
    if (s->skip > 0) {
        int rc = pass(s, msg);
        if (rc < 0)
            return rc;
    }
    for (;;) {
        size_t n = 0;
        struct tm_view at = {s->window + s->at, s->len - s->at};
        int step = tm_format_step(s->format, at, &n, frame, msg);
        int rc = step;
        if (step == TM_FORMAT_FRAME || step == TM_FORMAT_SKIP) {
            take(s, n);
            rc = s->skip > 0 ? pass(s, msg) : TM_OK;
        } else if (step == TM_FORMAT_MORE) {
            rc = fill(s, n, msg);
        }
        if (rc < 0)
            return rc;
        if (step == TM_FORMAT_FRAME)
            return 1;
        if (s->is_end && (s->skip > 0 || (step == TM_FORMAT_MORE && s->len - s->at < n)))
            return at_end(s, msg);
    }
}

/* Keeps an error for all calls to come. */
static int fail(struct tm_frames *s, int rc)
{
    s->failed = rc;
    if (s->why.text[0] == '\0')
        (void)tm_msg_set(&s->why, rc, "%s", tm_strerror(rc));
    return rc;
}

int tm_frames_next_held(struct tm_frames *s, struct tm_frame *frame)
{
    while (s->failed == TM_OK && s->skip == 0) {
        size_t n = 0;
        struct tm_view at = {s->window + s->at, s->len - s->at};
        int step = tm_format_step(s->format, at, &n, frame, &s->why);
        if (step < 0)
            (void)fail(s, step);
        if (step != TM_FORMAT_FRAME && step != TM_FORMAT_SKIP)
            return 0;
        take(s, n);
        if (step == TM_FORMAT_FRAME)
            return 1;
    }
    return 0;
}

int tm_frames_next(struct tm_frames *s, struct tm_frame *frame, struct tm_msg *msg)
{
    if (s->failed == TM_OK) {
        int rc = next(s, frame, &s->why);
        if (rc >= 0)
            return rc;
        (void)fail(s, rc);
    }
    return tm_msg_set(msg, s->failed, "%s", s->why.text);
}

bool tm_frames_is_open(const struct tm_frames *s)
{
    return tm_format_is_open(s->format);
}

bool tm_frames_is_cut(const struct tm_frames *s)
{
    return s->is_cut;
}

bool tm_frames_link(const struct tm_frames *s, size_t i, uint32_t *link_type)
{
    return tm_format_link(s->format, i, link_type);
}
