/* tm/net/ebpf/cgroup.h - cgroups of version 2: where they are mounted, one of our own, moving a process into it.
 *
 * Who holds the lock (flock) of a cgroup's directory has hooks on it; a lock that nobody holds is that of a program which
 * has ended.  The root cgroup is never taken: what is attached there meets every program of the machine. */
#ifndef TM_NET_CGROUP_H
#define TM_NET_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tm/base/err.h"

#define TM_CGROUP_PATH_MAX 1024U
#define TM_CGROUP_PREFIX   "tm-client-" /* of the names of those that we made */
#define TM_CGROUP_HOME     "tm-client"

struct tm_cgroup {
    int fd;       /* the directory, locked; -1: not open */
    bool is_made; /* by us, so it is ours to remove */
    char path[TM_CGROUP_PATH_MAX];
};

/* Pure: the mount point of the first file system of this type in the text of /proc/self/mountinfo, its escapes undone.
 * TM_ERR_CLOSED: there is none; TM_ERR_LIMIT: it does not fit. */
TM_MUST_CHECK int tm_cgroup_find_mount(const char *mountinfo, const char *fstype, char *out,
                                       size_t cap);
/* Pure: whether the cgroup `inner` is `outer` or below it, both from the root: "/a/b". */
bool tm_cgroup_is_below(const char *inner, const char *outer);

/* The mount point, read from the system.  TM_ERR_UNSUPPORTED with msg: no such file system is mounted. */
TM_MUST_CHECK int tm_cgroup_mount(const char *fstype, char *out, size_t cap, struct tm_msg *msg);
/* The directory of the cgroup that this process is in.  TM_ERR_UNSUPPORTED, TM_ERR_LIMIT with msg. */
TM_MUST_CHECK int tm_cgroup_own(char *out, size_t cap, struct tm_msg *msg);

/* The directory where those that we make lie: our own cgroup, or TM_CGROUP_HOME below it where that is not writable by its
 * owner, as the root is not: there only a privilege, which is gone by then, could remove them again.  It need not exist. */
TM_MUST_CHECK int tm_cgroup_home(char *out, size_t cap, struct tm_msg *msg);

/* Makes TM_CGROUP_PREFIX and a number in tm_cgroup_home, and locks it.  TM_ERR_IO, UNSUPPORTED with msg. */
TM_MUST_CHECK int tm_cgroup_make(struct tm_cgroup *g, struct tm_msg *msg);
/* Takes one that exists.  TM_ERR_RANGE: it is not a cgroup, the root, or one that holds ourselves; TM_ERR_CLOSED: another
 * tm-client has it; TM_ERR_IO; all with msg. */
TM_MUST_CHECK int tm_cgroup_open(struct tm_cgroup *g, const char *path, struct tm_msg *msg);
/* Moves a process into it.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_cgroup_add(const struct tm_cgroup *g, pid_t pid, struct tm_msg *msg);
/* Whether there are processes in the cgroup or below it (fd: its directory); one that is gone has none. */
bool tm_cgroup_is_populated(int fd);
/* Moves the processes that are in a cgroup that we made to where it lies (not to TM_CGROUP_HOME, but above). */
void tm_cgroup_empty(const struct tm_cgroup *g);
/* Lets go of it; one that we made and that is empty is removed.  Whether it is gone. */
bool tm_cgroup_close(struct tm_cgroup *g);

#endif
