/* tm/net/sandbox_calls_none.c - for a build without libseccomp, or one whose sanitizer needs other calls. */
#include "tm/net/sandbox_calls.h"

int tm_sandbox_calls(bool *done, bool has_ebpf, struct tm_msg *why_not, struct tm_msg *msg)
{
    (void)has_ebpf;
    (void)msg;
    *done = false;
    if (why_not)
        (void)tm_msg_set(why_not, TM_OK,
                         "built without seccomp (" TM_SECCOMP_WHY_NOT "): system calls stay open");
    return TM_OK;
}
