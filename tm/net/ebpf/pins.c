/* tm/net/ebpf/pins.c - see pins.h. */
#include "tm/net/ebpf/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOME  "tm-client"
#define TO    "cgroup" /* the symbolic link in each directory */
#define TRIES 1000

static int home(char *out, size_t cap, struct tm_msg *msg)
{
    char mount[TM_CGROUP_PATH_MAX];
    if (tm_cgroup_mount("bpf", mount, sizeof mount, NULL) != TM_OK)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                          "no bpffs is mounted, so nothing can be kept blocked: mount -t bpf bpf "
                          "/sys/fs/bpf, or --on-exit direct");
    (void)snprintf(out, cap, "%s/" HOME, mount);
    return TM_OK;
}

int tm_pins_make(char dir[TM_PINS_PATH_MAX], const struct tm_cgroup *g, struct tm_msg *msg)
{
    char base[TM_CGROUP_PATH_MAX + 16];
    char to[TM_PINS_PATH_MAX + 16];
    int rc = home(base, sizeof base, msg);
    if (rc != TM_OK)
        return rc;
    errno = 0;
    if (mkdir(base, 0700) != 0 && errno != EEXIST)
        return tm_msg_set(msg, TM_ERR_IO, "cannot make %.300s: %s", base, strerror(errno));
    for (int i = 0; i < TRIES; i++) {
        (void)snprintf(dir, TM_PINS_PATH_MAX, "%s/%d-%d", base, (int)getpid(), i);
        if (mkdir(dir, 0700) == 0)
            break;
        if (errno != EEXIST)
            return tm_msg_set(msg, TM_ERR_IO, "cannot make %.300s: %s", dir, strerror(errno));
    }
    (void)snprintf(to, sizeof to, "%s/" TO, dir);
    if (symlink(g->path, to) == 0)
        return TM_OK;
    rc = tm_msg_set(msg, TM_ERR_IO, "cannot make %.300s: %s", to, strerror(errno));
    (void)tm_pins_remove(dir);
    return rc;
}

bool tm_pins_remove(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    (void)closedir(d);
    return rmdir(dir) == 0;
}

static bool is_same(int fd, const struct tm_cgroup *g)
{
    struct stat a;
    struct stat b;
    return g->fd >= 0 && fstat(fd, &a) == 0 && fstat(g->fd, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

/* Removes the cgroup if it is one that we make. */
static void remove_cgroup(const char *path)
{
    const char *name = strrchr(path, '/');
    if (name != NULL && strncmp(name + 1, TM_CGROUP_PREFIX, sizeof TM_CGROUP_PREFIX - 1) == 0)
        (void)rmdir(path);
}

/* Where they lay, when nothing lies there; not our own cgroup. */
static void remove_home(const char *path)
{
    const char *name = strrchr(path, '/');
    if (name != NULL && strcmp(name + 1, TM_CGROUP_HOME) == 0)
        (void)rmdir(path);
}

struct sweep {
    struct tm_pins_swept *swept;
    const struct tm_cgroup *mine;
    const char (*keep)[TM_PINS_PATH_MAX];
    size_t n;
    FILE *out;
};

/* One directory of pins. */
static void sweep_pins(const struct sweep *s, const char *dir)
{
    char to[TM_PINS_PATH_MAX + 16];
    char path[TM_CGROUP_PATH_MAX];
    for (size_t i = 0; i < s->n; i++)
        if (s->keep != NULL && strcmp(dir, s->keep[i]) == 0)
            return;
    (void)snprintf(to, sizeof to, "%s/" TO, dir);
    ssize_t len = readlink(to, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    int fd = len > 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool is_mine = false;
    for (size_t i = 0; fd >= 0 && i < s->n; i++)
        is_mine = is_mine || is_same(fd, &s->mine[i]);
    bool is_owned = fd >= 0 && !is_mine && flock(fd, LOCK_EX | LOCK_NB) != 0;
    bool is_blocked = fd >= 0 && !is_mine && !is_owned && tm_cgroup_is_populated(fd);
    if (is_blocked) {
        s->swept->n_blocked++;
        if (s->out != NULL)
            (void)fprintf(s->out, "%s: programs of a tm-client that has ended are blocked there\n",
                          path);
    } else if (!is_owned) {
        s->swept->n_removed += tm_pins_remove(dir);
        if (!is_mine && path[0] != '\0')
            remove_cgroup(path);
    }
    if (fd >= 0)
        (void)close(fd);
}

/* Calls fn for every directory in base whose name begins with prefix. */
static void each(const struct sweep *s, const char *base, const char *prefix,
                 void (*fn)(const struct sweep *s, const char *path))
{
    char path[TM_PINS_PATH_MAX];
    DIR *d = opendir(base);
    if (d == NULL)
        return;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", base, e->d_name) < (int)sizeof path)
            fn(s, path);
    }
    (void)closedir(d);
}

/* Whether pins lead to the cgroup. */
static bool is_pinned(const char *cgroup)
{
    char base[TM_CGROUP_PATH_MAX + 16];
    char to[TM_PINS_PATH_MAX];
    char path[TM_CGROUP_PATH_MAX];
    bool found = false;
    DIR *d = home(base, sizeof base, NULL) == TM_OK ? opendir(base) : NULL;
    for (const struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL && !found;
         e = readdir(d)) {
        if (snprintf(to, sizeof to, "%s/%s/" TO, base, e->d_name) >= (int)sizeof to)
            continue;
        ssize_t len = readlink(to, path, sizeof path - 1);
        path[len > 0 ? len : 0] = '\0';
        found = strcmp(path, cgroup) == 0;
    }
    if (d != NULL)
        (void)closedir(d);
    return found;
}

/* A cgroup of ours that has no hooks any more: nothing is kept from its programs. */
static void sweep_cgroup(const struct sweep *s, const char *path)
{
    struct tm_cgroup g = {.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    int n = snprintf(g.path, sizeof g.path, "%s", path);
    if (g.fd < 0)
        return;
    if (n < (int)sizeof g.path && flock(g.fd, LOCK_EX | LOCK_NB) == 0 && !is_pinned(path)) {
        tm_cgroup_empty(&g);
        s->swept->n_removed += rmdir(path) == 0;
    }
    (void)close(g.fd);
}

void tm_pins_sweep(struct tm_pins_swept *swept, const struct tm_cgroup *mine,
                   const char (*keep)[TM_PINS_PATH_MAX], size_t n, FILE *out)
{
    const struct sweep s = {swept, mine, keep, n, out};
    char base[TM_CGROUP_PATH_MAX + 16];
    *swept = (struct tm_pins_swept){0};
    if (home(base, sizeof base, NULL) == TM_OK)
        each(&s, base, "", sweep_pins);
    if (tm_cgroup_home(base, sizeof base, NULL) == TM_OK) {
        each(&s, base, TM_CGROUP_PREFIX, sweep_cgroup);
        remove_home(base);
    }
}
