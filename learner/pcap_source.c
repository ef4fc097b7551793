#include "learner/pcap_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/capture/frames.h"
#include "learner/capture/link.h"
#include "tm/base/time.h"

#define NO_LINK_TYPE UINT32_MAX

struct tm_pcap_source {
    int fd;
    char *path; /* as shown in messages */
    uint64_t size_bytes;
    uint64_t read_bytes;
    struct tm_frames *frames;
    struct tm_defrag *defrag; /* made with the first fragment */
    struct tm_frame frame;
    int first; /* what the first frame gave; > 0 until it was used */
    struct tm_msg first_msg;
    int64_t first_us;
    int64_t newest_us;
    uint32_t link_type; /* that `link` is for */
    enum tm_link link;
    struct tm_pcap_counts counts;
    struct tm_packet batch[TM_PCAP_BATCH];
    bool is_joined; /* the last packet was in fragments, and lives where the next will */
};

static ssize_t read_fd(void *ctx, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    struct tm_pcap_source *s = ctx;
    ssize_t got;
    do
        got = read(s->fd, buf, cap);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot read: %s", strerror(errno));
    s->read_bytes += (uint64_t)got;
    return got;
}

static int open_file(struct tm_pcap_source *s, const char *path, struct tm_msg *msg)
{
    struct stat st;
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return tm_msg_set(msg, TM_ERR_IO, "%s: is a directory; name the capture files in it", path);
    if (!S_ISREG(st.st_mode))
        return TM_OK;
    if (st.st_size == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: is empty; capture again, e.g. with tcpdump -w",
                          path);
    s->size_bytes = (uint64_t)st.st_size;
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return TM_OK;
}

static int open_stdin(struct tm_pcap_source *s, struct tm_msg *msg)
{
    s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (s->fd < 0)
        return tm_msg_set(msg, TM_ERR_IO, "standard input: %s", strerror(errno));
    return TM_OK;
}

/* A capture of whose interfaces none can be decoded is refused at once, not read to its end. */
static int check_links(const struct tm_pcap_source *s, struct tm_msg *msg)
{
    uint32_t link_type = 0;
    enum tm_link link;
    size_t n = 0;
    for (; tm_frames_link(s->frames, n, &link_type); n++) {
        if (tm_link_of(link_type, &link))
            return TM_OK;
    }
    if (n == 0)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                      "%s: link type %s (%" PRIu32 ") is not supported; capture on an Ethernet, "
                      "loopback or tunnel interface, or with -i any",
                      s->path, tm_link_name(link_type), link_type);
}

/* Up to the first frame; a fault behind the header is kept for later. */
static int open_frames(struct tm_pcap_source *s, struct tm_msg *msg)
{
    int rc = tm_frames_new(&s->frames, read_fd, s);
    if (rc != TM_OK)
        return rc;
    s->first = tm_frames_next(s->frames, &s->frame, &s->first_msg);
    if (s->first == TM_ERR_NOMEM)
        return s->first;
    if (s->first == TM_ERR_IO)
        return tm_msg_set(msg, s->first, "%s: %s", s->path, s->first_msg.text);
    if (!tm_frames_is_open(s->frames) && tm_frames_is_cut(s->frames))
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: ends inside its file header; capture again, or copy the file again",
                          s->path);
    if (!tm_frames_is_open(s->frames))
        return tm_msg_set(msg, s->first,
                          "%s: not a readable pcap or pcapng capture (%s); give captures as "
                          "written by tcpdump or Wireshark",
                          s->path, s->first_msg.text);
    if (s->first == 1 && s->frame.has_time)
        s->first_us = s->frame.t_us;
    return check_links(s, msg);
}

int tm_pcap_open(struct tm_pcap_source **out, const char *path, struct tm_msg *msg)
{
    int rc = TM_ERR_NOMEM;
    bool is_stdin = strcmp(path, "-") == 0;
    *out = NULL;
    struct tm_pcap_source *s = calloc(1, sizeof *s);
    if (!s)
        goto out;
    s->fd = -1;
    s->first_us = TM_NEVER;
    s->link_type = NO_LINK_TYPE;
    s->path = strdup(is_stdin ? "standard input" : path);
    if (!s->path)
        goto out;
    rc = is_stdin ? open_stdin(s, msg) : open_file(s, path, msg);
    if (rc == TM_OK)
        rc = open_frames(s, msg);
    if (rc != TM_OK)
        goto out;
    *out = s;
    s = NULL;
out:
    if (rc == TM_ERR_NOMEM)
        (void)tm_msg_set(msg, rc, "%s: out of memory", path);
    tm_pcap_close(s);
    return rc;
}

void tm_pcap_close(struct tm_pcap_source *s)
{
    if (!s)
        return;
    tm_frames_free(s->frames);
    tm_defrag_free(s->defrag);
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s->path);
    free(s);
}

/* Into s->frame. */
static int next_frame(struct tm_pcap_source *s, struct tm_msg *msg)
{
    struct tm_msg why = {""};
    int got = s->first;
    if (got == 1)
        s->first = 0;
    else
        got = tm_frames_next(s->frames, &s->frame, &why);
    if (got == TM_ERR_NOMEM)
        return tm_msg_set(msg, got, "%s: out of memory", s->path);
    if (got < 0)
        return tm_msg_set(msg, got, "%s: cut or damaged after packet %" PRIu64 " (%s)", s->path,
                          s->counts.n_frames, why.text);
    return got;
}

static void watch_time(struct tm_pcap_source *s)
{
    struct tm_pcap_counts *n = &s->counts;
    int64_t early_us = s->newest_us - s->frame.t_us;
    if (early_us <= 0) {
        s->newest_us = s->frame.t_us;
        return;
    }
    if (n->n_early++ == 0)
        n->first_early = n->n_frames;
    if (early_us > n->most_early_us)
        n->most_early_us = early_us;
}

/* Whether s->link is set for the frame. */
static bool find_link(struct tm_pcap_source *s)
{
    if (s->frame.link_type == s->link_type)
        return true;
    if (!tm_link_of(s->frame.link_type, &s->link))
        return false;
    s->link_type = s->frame.link_type;
    return true;
}

/* 1: whole now; 0: not yet. */
static int feed_fragment(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg)
{
    int rc = s->defrag ? TM_OK : tm_defrag_new(&s->defrag);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%s: out of memory", s->path);
    s->is_joined = tm_defrag_feed(s->defrag, p);
    return s->is_joined ? 1 : 0;
}

/* 1: a TCP packet; 0: something else, which was counted. */
static int read_frame(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg)
{
    const struct tm_frame *f = &s->frame;
    s->counts.n_frames++;
    if (!f->has_time) {
        s->counts.n_untimed++;
        return 0;
    }
    watch_time(s);
    if (!find_link(s)) {
        s->counts.n_link++;
        return 0;
    }
    enum tm_packet_kind kind = tm_packet_decode(p, s->link, f->bytes, f->cap_len, f->wire_len);
    s->counts.n_kind[kind]++;
    p->t_us = f->t_us;
    if (kind == TM_PACKET_FRAGMENT)
        return feed_fragment(s, p, msg);
    return kind == TM_PACKET_TCP;
}

int tm_pcap_next(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg)
{
    for (;;) {
        int got = next_frame(s, msg);
        if (got != 1) {
            if (s->defrag)
                tm_defrag_count(s->defrag, &s->counts.defrag);
            return got;
        }
        int rc = read_frame(s, p, msg);
        if (rc != 0)
            return rc;
    }
}

/* A packet for which nothing has to be read, so that those before it stay where they are.  1, 0: there is none; or an error. */
static int next_held(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg)
{
    int rc = 0;
    while (rc == 0 && tm_frames_next_held(s->frames, &s->frame) == 1)
        rc = read_frame(s, p, msg);
    return rc;
}

int tm_pcap_batch(struct tm_pcap_source *s, const struct tm_packet **p, struct tm_msg *msg)
{
    int n = 0;
    s->is_joined = false;
    int rc = tm_pcap_next(s, &s->batch[0], msg);
    while (rc == 1 && ++n < TM_PCAP_BATCH && !s->is_joined)
        rc = next_held(s, &s->batch[n], msg);
    *p = s->batch;
    return rc < 0 || n == 0 ? rc : n;
}

const struct tm_frame *tm_pcap_frame(const struct tm_pcap_source *s)
{
    return &s->frame;
}

int64_t tm_pcap_first_us(const struct tm_pcap_source *s)
{
    return s->first_us;
}

int64_t tm_pcap_newest_us(const struct tm_pcap_source *s)
{
    return s->newest_us;
}

const struct tm_pcap_counts *tm_pcap_counts(const struct tm_pcap_source *s)
{
    return &s->counts;
}

uint64_t tm_pcap_size_bytes(const struct tm_pcap_source *s)
{
    return s->size_bytes;
}

uint64_t tm_pcap_read_bytes(const struct tm_pcap_source *s)
{
    return s->read_bytes;
}
