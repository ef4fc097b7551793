/* Writes what cli_test.sh reads, into the directory named: a small recording of two classes, and captures with something wrong. */
#include <stdio.h>
#include <string.h>

#include "test/unit/audit/features/wire.h"

#define RAW      101U
#define ETHERNET 1U
#define UNKNOWN  147U

static struct wire w;

static int save(const char *dir, const char *name, uint32_t link)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return wire_save(&w, path, link);
}

/* Connections first..first+n-1, 10 s apart, to `port`. */
static void dialogues(unsigned first, unsigned n, uint16_t port)
{
    w.n = 0;
    for (unsigned i = first; i < first + n; i++) {
        struct wire_conn c = wire_conn(i);
        c.port[TM_DOWN] = port;
        wire_dialogue(&w, &c, INT64_C(10000000) * i);
    }
}

static int save_labels(const char *dir)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/labels.csv", dir);
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    (void)fputs("from_us,prefix,class,split,path,session,load\n"
                "0,10.1.0.0/29,web,train,20ms,web-1,0\n"
                "1763710050000000,10.1.0.0/29,web,train,20ms,web-1,1\n"
                "0,10.1.0.8/29,web,heldout,20ms,web-2,0\n"
                "0,10.1.0.16/29,mail,train,20ms,mail-1,0\n",
                f);
    return fclose(f);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : ".";
    int rc = save_labels(dir);
    dialogues(1, 7, 443);
    rc |= save(dir, "web.train.pcap", RAW);
    dialogues(8, 8, 443);
    rc |= save(dir, "web.heldout.pcap", RAW);
    dialogues(16, 3, 25);
    rc |= save(dir, "mail.pcap", ETHERNET);
    rc |= save(dir, "unknown.pcap", UNKNOWN);
    for (uint32_t i = 0; i < w.n; i++)
        w.p[i].flags &= (uint8_t) ~(TM_TCP_SYN | TM_TCP_FIN);
    rc |= save(dir, "opened-before.pcap", RAW);
    w.n = 0;
    rc |= save(dir, "nothing.pcap", RAW);
    return rc == 0 ? 0 : 1;
}
