/* libpcap reads from a FILE, so gzip is a FILE made with fopencookie over zlib.  Plain files are
 * given to libpcap as they are: its reading is the fast path. */
#include "learner/pcap_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>
#include <zlib.h>

struct tm_pcap_source {
    pcap_t *pcap; /* owns `file` once opened */
    FILE *file;
    char *buf;  /* of the plain file */
    char *path; /* as shown in messages */
    uint64_t size_bytes;
    enum tm_link link;
    struct tm_pcap_counts counts;
};

#define GZIP_BUF_LEN ((size_t)256 * 1024)
#define FILE_BUF_LEN                                                                               \
    ((size_t)256 * 1024) /* with the 4 KiB of stdio a third of the time goes into system calls */

static ssize_t gz_cookie_read(void *cookie, char *buf, size_t n)
{
    int got = gzread(cookie, buf, n > INT32_MAX ? INT32_MAX : (unsigned)n);
    if (got < 0)
        errno = EIO;
    return got;
}

static int gz_cookie_close(void *cookie)
{
    return gzclose(cookie) == Z_OK ? 0 : EOF;
}

/* Takes fd in every case.  Plain input passes through zlib unchanged. */
static FILE *open_gzip(int take_fd)
{
    gzFile gz = gzdopen(take_fd, "rb");
    if (!gz) {
        (void)close(take_fd);
        return NULL;
    }
    (void)gzbuffer(gz, GZIP_BUF_LEN);
    FILE *f = fopencookie(
        gz, "rb", (cookie_io_functions_t){.read = gz_cookie_read, .close = gz_cookie_close});
    if (!f)
        (void)gzclose(gz);
    return f;
}

static int open_stdin(struct tm_pcap_source *s, struct tm_msg *msg)
{
    int fd = dup(STDIN_FILENO);
    if (fd < 0)
        return tm_msg_set(msg, TM_ERR_IO, "standard input: %s", strerror(errno));
    s->file = open_gzip(fd);
    return s->file ? TM_OK : TM_ERR_NOMEM;
}

/* Takes fd in every case. */
static int open_plain(struct tm_pcap_source *s, int take_fd)
{
    s->file = fdopen(take_fd, "rb");
    if (!s->file) {
        (void)close(take_fd);
        return TM_ERR_NOMEM;
    }
    s->buf = malloc(FILE_BUF_LEN);
    return s->buf && setvbuf(s->file, s->buf, _IOFBF, FILE_BUF_LEN) == 0 ? TM_OK : TM_ERR_NOMEM;
}

static int open_file(struct tm_pcap_source *s, const char *path, struct tm_msg *msg)
{
    uint8_t magic[2] = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = TM_ERR_IO;
    if (fd < 0 || fstat(fd, &st) != 0) {
        rc = tm_msg_set(msg, rc, "%s: cannot open: %s", path, strerror(errno));
        goto out;
    }
    if (S_ISDIR(st.st_mode)) {
        rc = tm_msg_set(msg, rc, "%s: is a directory; name the capture files in it", path);
        goto out;
    }
    if (S_ISREG(st.st_mode) && st.st_size == 0) {
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: is empty; capture again, e.g. with tcpdump -w",
                        path);
        goto out;
    }
    bool is_gzip = pread(fd, magic, sizeof magic, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    int take_fd = fd;
    fd = -1;
    if (S_ISREG(st.st_mode) && !is_gzip) {
        s->size_bytes = (uint64_t)st.st_size;
        rc = open_plain(s, take_fd);
    } else { /* of a pipe nobody knows before reading: zlib looks */
        s->file = open_gzip(take_fd);
        rc = s->file ? TM_OK : TM_ERR_NOMEM;
    }
out:
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* pcapng has 64-bit times: a damaged one must not overflow. */
static int64_t time_us(const struct timeval *ts)
{
    const int64_t sec_max = INT64_C(1) << 40;
    int64_t sec = ts->tv_sec < 0 ? 0 : ts->tv_sec;
    return (sec > sec_max ? sec_max : sec) * 1000000 + (uint32_t)ts->tv_usec;
}

/* Link-layer header types by their libpcap names (pcap-linktype(7)). */
static int set_link(struct tm_pcap_source *s, struct tm_msg *msg)
{
    int dlt = pcap_datalink(s->pcap);
    switch (dlt) {
    case DLT_EN10MB:
        s->link = TM_LINK_ETHERNET;
        return TM_OK;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        s->link = TM_LINK_RAW;
        return TM_OK;
    case DLT_NULL:
    case DLT_LOOP:
        s->link = TM_LINK_NULL;
        return TM_OK;
    case DLT_LINUX_SLL:
        s->link = TM_LINK_SLL;
        return TM_OK;
    case DLT_LINUX_SLL2:
        s->link = TM_LINK_SLL2;
        return TM_OK;
    default:
        break;
    }
    const char *name = pcap_datalink_val_to_name(dlt);
    const char *text = pcap_datalink_val_to_description(dlt);
    return tm_msg_set(
        msg, TM_ERR_UNSUPPORTED,
        "%s: link type %s (%d, %s) is not supported; capture on an Ethernet, loopback or "
        "tunnel interface, or with -i any",
        s->path, name ? name : "unknown", dlt, text ? text : "no description");
}

static int open_pcap(struct tm_pcap_source *s, struct tm_msg *msg)
{
    char err[PCAP_ERRBUF_SIZE] = "";
    s->pcap = pcap_fopen_offline(s->file, err);
    if (!s->pcap) {
        if (strstr(err, "truncated"))
            return tm_msg_set(
                msg, TM_ERR_FORMAT,
                "%s: ends inside its file header; capture again, or copy the file again", s->path);
        return tm_msg_set(
            msg, TM_ERR_FORMAT,
            "%s: not a readable pcap or pcapng capture (%s); give captures as written by tcpdump "
            "or Wireshark",
            s->path, err);
    }
    s->file = NULL; /* pcap_close closes it */
    return set_link(s, msg);
}

int tm_pcap_open(struct tm_pcap_source **out, const char *path, struct tm_msg *msg)
{
    int rc = TM_ERR_NOMEM;
    bool is_stdin = strcmp(path, "-") == 0;
    *out = NULL;
    struct tm_pcap_source *s = calloc(1, sizeof *s);
    if (!s)
        goto out;
    s->path = strdup(is_stdin ? "standard input" : path);
    if (!s->path)
        goto out;
    rc = is_stdin ? open_stdin(s, msg) : open_file(s, path, msg);
    if (rc != TM_OK)
        goto out;
    rc = open_pcap(s, msg);
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
    if (s->pcap)
        pcap_close(s->pcap);
    if (s->file)
        (void)fclose(s->file);
    free(s->buf);
    free(s->path);
    free(s);
}

int tm_pcap_next(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg)
{
    struct pcap_pkthdr *h;
    const uint8_t *frame;
    for (;;) {
        int got = pcap_next_ex(s->pcap, &h, &frame);
        if (got == PCAP_ERROR_BREAK)
            return 0;
        if (got != 1)
            return tm_msg_set(msg, TM_ERR_FORMAT, "%s: cut or damaged after packet %llu (%s)",
                              s->path, (unsigned long long)s->counts.n_frames,
                              pcap_geterr(s->pcap));
        s->counts.n_frames++;
        enum tm_packet_kind kind = tm_packet_decode(p, s->link, frame, h->caplen, h->len);
        s->counts.n_kind[kind]++;
        if (kind == TM_PACKET_TCP) {
            p->t_us = time_us(&h->ts);
            return 1;
        }
    }
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
    if (s->size_bytes == 0)
        return 0;
    long at = ftell(pcap_file(s->pcap));
    return at < 0 ? 0 : (uint64_t)at;
}
