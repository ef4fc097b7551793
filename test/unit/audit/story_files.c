/* audit_story_files DIR [early|other]: the story (story.h) as files: client.jsonl, server.jsonl, capture.pcap.
 * early: the request leaves 1 ms before it is due; other: the capture is of another client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/audit/story.h"

static FILE *create(const char *dir, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

static void put(FILE *f, uint64_t v, int n_bytes, int is_big)
{
    for (int i = 0; i < n_bytes; i++)
        (void)fputc((int)(v >> 8 * (is_big ? n_bytes - 1 - i : i) & 0xff), f);
}

/* Raw IPv4 (link type 101), headers only. */
static void put_packet(FILE *f, const struct tm_packet *p)
{
    put(f, (uint64_t)p->t_us / 1000000, 4, 0);
    put(f, (uint64_t)p->t_us % 1000000, 4, 0);
    put(f, 40, 4, 0);
    put(f, 40 + p->payload_len, 4, 0);
    put(f, 0x4500, 2, 1);
    put(f, 40 + p->payload_len, 2, 1);
    put(f, 0, 4, 1);
    put(f, 64 << 8 | 6, 2, 1); /* time to live, TCP */
    put(f, 0, 2, 1);
    (void)fwrite(p->src + 12, 1, 4, f);
    (void)fwrite(p->dst + 12, 1, 4, f);
    put(f, p->src_port, 2, 1);
    put(f, p->dst_port, 2, 1);
    put(f, p->seq, 4, 1);
    put(f, p->ack, 4, 1);
    put(f, 0x5000 | p->flags, 2, 1);
    put(f, 65535, 2, 1);
    put(f, 0, 4, 1);
}

int main(int argc, char **argv)
{
    static const char *const NAMES[] = {"client.jsonl", "server.jsonl"};
    if (argc < 2)
        return 2;
    struct story s = story_new();
    char text[8192];
    for (int side = 0; side < 2; side++) {
        FILE *f = create(argv[1], NAMES[side]);
        story_log(&s, (enum tm_side)side, text, sizeof text);
        (void)fputs(text, f);
        (void)fclose(f);
    }
    if (argc > 2 && strcmp(argv[2], "early") == 0)
        s.packets[P_REQUEST].t_us -= 1000;
    FILE *f = create(argv[1], "capture.pcap");
    put(f, 0xa1b2c3d4, 4, 0);
    put(f, 2, 2, 0);
    put(f, 4, 2, 0);
    put(f, 0, 8, 0);
    put(f, 96, 4, 0);
    put(f, 101, 4, 0);
    for (size_t i = 0; i < s.n_packets; i++) {
        if (argc > 2 && strcmp(argv[2], "other") == 0)
            s.packets[i].port = 50000;
        struct tm_packet p = story_decode(&s.packets[i]);
        put_packet(f, &p);
    }
    return fclose(f) == 0 ? 0 : 1;
}
