/* Writes made visits as a capture and its labels: wf_files DIR plain|chance|cover PAGES LOADS OTHERS SEED.
 *
 * DIR/wire.pcap (raw IPv4, headers alone) and DIR/labels.csv; a visit begins every 5 s and lasts 4. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/audit/wf/story.h"

#define START_US INT64_C(1763710000000000)
#define CLIENT   0x0a000001U
#define SERVER   0x0a010001U

static void put32(FILE *f, uint32_t v)
{
    (void)fwrite(&v, sizeof v, 1, f);
}

static void put_head(FILE *f)
{
    put32(f, 0xa1b2c3d4U);
    put32(f, 2 | 4 << 16);
    put32(f, 0);
    put32(f, 0);
    put32(f, 96);
    put32(f, 101); /* raw IP */
}

static void big(uint8_t *p, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static void put_packet(FILE *f, int64_t t_us, const struct tm_trace_packet *p)
{
    uint8_t h[40] = {0x45, [8] = 64, [9] = 6, [32] = 0x50, [33] = 0x18};
    big(h + 2, 40 + p->bytes, 2);
    big(h + 12, p->dir == TM_UP ? CLIENT : SERVER, 4);
    big(h + 16, p->dir == TM_UP ? SERVER : CLIENT, 4);
    big(h + 20, p->dir == TM_UP ? 40000 : 443, 2);
    big(h + 22, p->dir == TM_UP ? 443 : 40000, 2);
    put32(f, (uint32_t)(t_us / 1000000));
    put32(f, (uint32_t)(t_us % 1000000));
    put32(f, sizeof h);
    put32(f, 40 + p->bytes);
    (void)fwrite(h, sizeof h, 1, f);
}

static int write_all(const char *dir, const struct tm_trace_set *set)
{
    char path[2][4096];
    (void)snprintf(path[0], sizeof path[0], "%s/wire.pcap", dir);
    (void)snprintf(path[1], sizeof path[1], "%s/labels.csv", dir);
    FILE *pcap = fopen(path[0], "wb");
    FILE *labels = fopen(path[1], "w");
    if (!pcap || !labels)
        return 1;
    put_head(pcap);
    (void)fputs("from_us,until_us,client,page\n", labels);
    for (size_t v = 0; v < set->n; v++) {
        const struct tm_trace *t = &set->v[v];
        const struct tm_trace_packet *p = tm_trace_packets(set, t);
        int64_t from_us = START_US + (int64_t)v * 5000000;
        (void)fprintf(labels, "%" PRId64 ",%" PRId64 ",10.0.0.1,%s\n", from_us, from_us + 4000000,
                      set->names[t->cls]);
        for (uint32_t i = 0; i < t->n_packets; i++)
            put_packet(pcap, from_us + p[i].t_us, &p[i]);
    }
    return fclose(pcap) != 0 || fclose(labels) != 0;
}

int main(int argc, char **argv)
{
    static const char *const KINDS[] = {"plain", "chance", "cover"};
    struct tm_trace_set set = {0};
    unsigned kind = 0;
    while (argc == 7 && kind < 3 && strcmp(argv[2], KINDS[kind]) != 0)
        kind++;
    if (argc != 7 || kind == 3) {
        (void)fprintf(stderr, "usage: %s DIR plain|chance|cover PAGES LOADS OTHERS SEED\n",
                      argv[0]);
        return 2;
    }
    unsigned long v[4];
    for (int i = 0; i < 4; i++)
        v[i] = strtoul(argv[3 + i], NULL, 10);
    story_visits(&set, (enum story_wire)kind, (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2], v[3]);
    int status = write_all(argv[1], &set);
    tm_trace_set_deinit(&set);
    return status;
}
