/* tm/net/sandbox.c - files by Landlock; see sandbox.h.  By system call: libc has none for it. */
#include "tm/net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "tm/net/sandbox_calls.h"

/* Of later kernels than the headers may know (landlock(7)). */
#define ACCESS_REFER     (UINT64_C(1) << 13) /* ABI 2 */
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define FILE_READ  ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define FILE_WRITE ((uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define READ       (FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                      \
    (FILE_WRITE | ACCESS_REFER | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |  \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* What nobody gets: execution, devices, pipes and links that are made. */
#define NEVER                                                                                      \
    ((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                         \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |  \
     ACCESS_IOCTL_DEV)

/* Names of hosts, locales, libraries that libc loads late, and what /proc says of ourselves. */
static const struct tm_sandbox_path SYSTEM[] = {
    {"/etc", false}, {"/lib", false}, {"/lib64", false},   {"/usr", false},        {"/proc", false},
    {"/run", false}, {"/sys", false}, {"/dev/null", true}, {"/dev/urandom", false}};

/* What this kernel can hold of the rights above; 0: it has no Landlock. */
static uint64_t rights_of_kernel(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    uint64_t later = (abi < 2 ? ACCESS_REFER : 0) | (abi < 3 ? ACCESS_TRUNCATE : 0) |
                     (abi < 5 ? ACCESS_IOCTL_DEV : 0);
    return abi < 1 ? 0 : (READ | WRITE | NEVER) & ~later;
}

static int add_path(int rules, const struct tm_sandbox_path *p, uint64_t rights, struct tm_msg *msg)
{
    struct stat st;
    struct landlock_path_beneath_attr a = {.parent_fd = open(p->path, O_PATH | O_CLOEXEC)};
    if (a.parent_fd < 0)
        return TM_OK; /* nothing there: nothing allowed there */
    a.allowed_access = rights & (READ | (p->is_written ? WRITE : 0));
    if (fstat(a.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        a.allowed_access &= FILE_READ | FILE_WRITE;
    long rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
    int error = errno;
    (void)close(a.parent_fd);
    return rc == 0 ? TM_OK
                   : tm_msg_set(msg, TM_ERR_IO, "landlock: %.300s: %s", p->path, strerror(error));
}

static int restrict_files(const struct tm_sandbox_cfg *cfg, uint64_t rights, struct tm_msg *msg)
{
    const struct landlock_ruleset_attr attr = {.handled_access_fs = rights};
    int rc = TM_OK;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return tm_msg_set(msg, TM_ERR_IO, "landlock: %s", strerror(errno));
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM && rc == TM_OK; i++)
        rc = add_path(rules, &SYSTEM[i], rights, msg);
    for (size_t i = 0; i < cfg->n_paths && rc == TM_OK; i++)
        rc = add_path(rules, &cfg->path[i], rights, msg);
    if (rc == TM_OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "landlock: %s", strerror(errno));
    (void)close(rules);
    return rc;
}

int tm_sandbox_enter(struct tm_sandbox *out, const struct tm_sandbox_cfg *cfg, struct tm_msg *msg)
{
    uint64_t rights = rights_of_kernel();
    *out = (struct tm_sandbox){0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "no_new_privs: %s", strerror(errno));
    if (rights == 0)
        (void)tm_msg_set(&out->why_not, TM_ERR_RANGE,
                         "this kernel has no Landlock: files stay open");
    int rc = rights != 0 ? restrict_files(cfg, rights, msg) : TM_OK;
    out->has_files = rc == TM_OK && rights != 0;
    if (rc == TM_OK)
        rc = tm_sandbox_calls(&out->has_calls, cfg->has_ebpf, rights != 0 ? &out->why_not : NULL,
                              msg);
    return rc;
}
