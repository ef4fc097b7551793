#include "learner/filter.h"

#include <stdlib.h>

#include <pcap/pcap.h>

#define SNAPLEN 262144 /* of captures that libpcap reads; a program's answer for "matches" */

struct tm_filter {
    struct bpf_program program;
};

int tm_filter_new(struct tm_filter **out, const char *text, struct tm_msg *msg)
{
    int rc = TM_ERR_NOMEM;
    *out = NULL;
    pcap_t *any = pcap_open_dead(DLT_RAW, SNAPLEN);
    struct tm_filter *f = calloc(1, sizeof *f);
    if (!any || !f)
        goto out;
    if (pcap_compile(any, &f->program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "filter \"%s\": %s; see pcap-filter(7)", text,
                        pcap_geterr(any));
        goto out;
    }
    *out = f;
    f = NULL;
    rc = TM_OK;
out:
    free(f);
    if (any)
        pcap_close(any);
    return rc;
}

void tm_filter_free(struct tm_filter *f)
{
    if (!f)
        return;
    pcap_freecode(&f->program);
    free(f);
}

bool tm_filter_match(const struct tm_filter *f, const struct tm_packet *p)
{
    struct pcap_pkthdr h = {.caplen = p->ip_cap_len, .len = p->ip_wire_len};
    return pcap_offline_filter(&f->program, &h, p->ip) != 0;
}
