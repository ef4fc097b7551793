/* tm/net/ebpf/ebpf_none.c - in place of ebpf.c and redirect.c where the build could not make the kernel programs. */
#include "tm/net/ebpf/ebpf.h"
#include "tm/net/ebpf/redirect.h"

static int none(struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                      "this tm-client was built without eBPF: " TM_BPF_WHY_NOT);
}

const char *tm_ebpf_why_not(void)
{
    return TM_BPF_WHY_NOT;
}

int tm_ebpf_open(struct tm_ebpf **out, const struct tm_ebpf_cfg *cfg, struct tm_msg *msg)
{
    (void)cfg;
    *out = NULL;
    return none(msg);
}

int tm_ebpf_pin(struct tm_ebpf *e, size_t i, const char *dir, struct tm_msg *msg)
{
    (void)e;
    (void)i;
    (void)dir;
    return none(msg);
}

int tm_ebpf_dest(const struct tm_ebpf *e, int fd, struct tm_dest *dest)
{
    (void)e;
    (void)fd;
    (void)dest;
    return TM_ERR_UNSUPPORTED;
}

void tm_ebpf_close(struct tm_ebpf *e)
{
    (void)e;
}

int tm_ebpf_probe(struct tm_msg *msg)
{
    return none(msg);
}

int tm_redirect_open(struct tm_redirect **out, const struct tm_redirect_cfg *cfg,
                     struct tm_msg *msg)
{
    (void)cfg;
    *out = NULL;
    return none(msg);
}

void tm_redirect_close(struct tm_redirect *r)
{
    (void)r;
}

void tm_redirect_count(const struct tm_redirect *r, struct tm_redirect_counts *out)
{
    (void)r;
    *out = (struct tm_redirect_counts){0};
}

int tm_redirect_probe(struct tm_msg *msg)
{
    return none(msg);
}
