/* tm/net/privilege.c - see privilege.h.  By system call: libcap would be one more library for three lines. */
#include "tm/net/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

struct sets {
    uint64_t effective, permitted;
};

static bool get(struct sets *s)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, d) != 0)
        return false;
    s->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
    s->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
    return true;
}

/* Nothing but these, none of them inheritable. */
static bool set(uint64_t capabilities)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {{0}};
    d[0].effective = d[0].permitted = (uint32_t)capabilities;
    d[1].effective = d[1].permitted = (uint32_t)(capabilities >> 32);
    return syscall(SYS_capset, &head, d) == 0;
}

bool tm_privilege_has(int capability)
{
    struct sets s;
    return get(&s) && (s.effective & BIT(capability)) != 0;
}

int tm_privilege_drop(bool keeps_ports, struct tm_msg *msg)
{
    uint64_t kept = BIT(CAP_SYS_NICE) | (keeps_ports ? BIT(CAP_NET_BIND_SERVICE) : 0);
    struct sets s = {0};
    for (unsigned long i = 0; tm_privilege_has(CAP_SETPCAP) && i <= CAP_LAST_CAP; i++)
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* Without any to give up nothing is set: the filter of systemd's unit refuses that (@privileged). */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !get(&s) ||
        ((s.permitted & ~kept) != 0 && !set(s.permitted & kept)))
        return tm_msg_set(msg, TM_ERR_IO, "cannot give up capabilities: %s", strerror(errno));
    return TM_OK;
}

void tm_privilege_settle(void)
{
    struct sets s;
    const uint64_t ports = BIT(CAP_NET_BIND_SERVICE);
    if (get(&s) && (s.permitted & ~ports) == BIT(CAP_SYS_NICE))
        (void)set(s.permitted & ports);
}
