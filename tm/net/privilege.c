/* tm/net/privilege.c - see privilege.h.  By system call: libcap would be one more library for three lines. */
#include "tm/net/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tm/base/log.h"

#define NICE_MAX   40 /* of RLIMIT_NICE: 20 minus the lowest value, -20 */
#define RTPRIO_MAX 1  /* what the wire thread asks for */

static int get(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    return (int)syscall(SYS_capget, &head, data);
}

static bool has(const struct __user_cap_data_struct *data, int capability)
{
    return (data[capability / 32].effective >> capability % 32 & 1U) != 0;
}

bool tm_privilege_has(int capability)
{
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return get(data) == 0 && has(data, capability);
}

/* A limit instead of a capability; false: there is no right to raise it. */
static bool keep_as_limit(__rlimit_resource_t what, rlim_t least)
{
    struct rlimit r;
    if (getrlimit(what, &r) != 0)
        return false;
    if (r.rlim_cur >= least)
        return true;
    r.rlim_cur = least;
    r.rlim_max = r.rlim_max > least ? r.rlim_max : least;
    return setrlimit(what, &r) == 0;
}

int tm_privilege_drop(struct tm_msg *msg)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (tm_privilege_has(CAP_SYS_NICE) &&
        (!keep_as_limit(RLIMIT_NICE, NICE_MAX) || !keep_as_limit(RLIMIT_RTPRIO, RTPRIO_MAX)))
        tm_log(TM_LOG_WARN, "without CAP_SYS_RESOURCE the right to run ahead of others goes too: "
                            "buffers will be later on a busy machine; raise the limits of nice "
                            "and rtprio before the start");
    for (unsigned long i = 0; tm_privilege_has(CAP_SETPCAP) && i <= CAP_LAST_CAP; i++)
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capset, &head, none) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot give up capabilities: %s", strerror(errno));
    return TM_OK;
}
