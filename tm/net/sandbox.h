/* tm/net/sandbox.h - what is left to a program whose flaw somebody found: neither other programs nor other files.
 *
 * Entered once, for good, while there is one thread: the threads that it makes are inside as well.
 *
 *   files   Landlock (Linux 5.13, landlock(7)): what the system's libraries read, and the paths that are named here; nothing is executed
 *   calls   seccomp (seccomp(2), through libseccomp): a list of what sockets, files, threads and clocks need; every other
 *           system call fails with EPERM, making a process too
 *
 * Neither gives rights: those of the user remain the bound.  What a kernel or a build has not is left out, and said. */
#ifndef TM_NET_SANDBOX_H
#define TM_NET_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "tm/base/err.h"

struct tm_sandbox_path {
    const char
        *path; /* a file, or a folder with what is below it; one that is not there is left out */
    bool
        is_written; /* files are written, made, renamed and removed there, sockets too; else they are read */
};

struct tm_sandbox_cfg {
    const struct tm_sandbox_path *path;
    size_t n_paths;
    bool
        has_ebpf; /* keeps what tm/net/ebpf needs: bpf(2) for programs that are taken away at the end, and who asks at its socket */
};

struct tm_sandbox {
    bool has_files, has_calls; /* which of the two hold now */
    struct tm_msg why_not;     /* of the first that does not, for a person; empty: both do */
};

/* Enters, as far as this machine and this build can.  Also sets no_new_privs (prctl(2)).  TM_ERR_IO with msg: what should have worked did not;
 * the process may be partly inside and should end. */
TM_MUST_CHECK int tm_sandbox_enter(struct tm_sandbox *out, const struct tm_sandbox_cfg *cfg,
                                   struct tm_msg *msg);

#endif
