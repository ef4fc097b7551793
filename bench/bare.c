#include "bench/bare.h"

#include <pcap/pcap.h>

uint64_t tm_bench_bare(const char *path)
{
    char err[PCAP_ERRBUF_SIZE] = "";
    struct pcap_pkthdr *h = NULL;
    const uint8_t *frame = NULL;
    uint64_t n = 0;
    pcap_t *p = pcap_open_offline(path, err);
    while (p && pcap_next_ex(p, &h, &frame) == 1)
        n++;
    if (p)
        pcap_close(p);
    return n;
}
