/* tm/net/ebpf/cgroup.c - see cgroup.h. */
#include "tm/net/ebpf/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOUNTINFO_MAX 262144U
#define TRIES         64 /* names, when a former program of our number left one behind */

/* ---- Text ---- */

/* Copies up to a space, "\040" and its like undone; false: does not fit. */
static bool unescape(const char *p, char *out, size_t cap)
{
    size_t n = 0;
    for (; *p != '\0' && *p != ' ' && *p != '\n'; p++) {
        if (n + 1 >= cap)
            return false;
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
            p[3] >= '0' && p[3] <= '7') {
            out[n++] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 3;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    return true;
}

/* A line: "ID PARENT DEV ROOT MOUNTPOINT OPTIONS [FIELD...] - FSTYPE SOURCE OPTIONS" (proc(5)). */
int tm_cgroup_find_mount(const char *mountinfo, const char *fstype, char *out, size_t cap)
{
    size_t len = strlen(fstype);
    for (const char *line = mountinfo; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        const char *mark = strstr(line, " - ");
        const char *at = line;
        for (int i = 0; i < 4 && at != NULL; i++) {
            at = strchr(at, ' ');
            at = at != NULL ? at + 1 : NULL;
        }
        if (mark != NULL && (next == NULL || mark < next) && at != NULL && at < mark &&
            strncmp(mark + 3, fstype, len) == 0 && mark[3 + len] == ' ')
            return unescape(at, out, cap) ? TM_OK : TM_ERR_LIMIT;
        line = next != NULL ? next + 1 : NULL;
    }
    return TM_ERR_CLOSED;
}

bool tm_cgroup_is_below(const char *inner, const char *outer)
{
    size_t len = strlen(outer);
    while (len > 0 && outer[len - 1] == '/')
        len--;
    return strncmp(inner, outer, len) == 0 && (inner[len] == '\0' || inner[len] == '/');
}

/* ---- Where ---- */

static int read_file(const char *path, char *out, size_t cap)
{
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return TM_ERR_IO;
    while (len + 1 < cap) {
        ssize_t n = read(fd, out + len, cap - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = '\0';
    (void)close(fd);
    return TM_OK;
}

int tm_cgroup_mount(const char *fstype, char *out, size_t cap, struct tm_msg *msg)
{
    char *text = malloc(MOUNTINFO_MAX);
    if (text == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    int rc = read_file("/proc/self/mountinfo", text, MOUNTINFO_MAX);
    if (rc == TM_OK)
        rc = tm_cgroup_find_mount(text, fstype, out, cap);
    free(text);
    return rc == TM_OK
               ? rc
               : tm_msg_set(msg, TM_ERR_UNSUPPORTED, "no %s file system is mounted", fstype);
}

/* "/a/b": the line of version 2 in /proc/self/cgroup. */
static int own_name(char *out, size_t cap)
{
    char text[8192];
    if (read_file("/proc/self/cgroup", text, sizeof text) != TM_OK)
        return TM_ERR_IO;
    const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL)
        return TM_ERR_CLOSED;
    line += line == text ? 3 : 4;
    size_t len = strcspn(line, "\n");
    if (len >= cap)
        return TM_ERR_LIMIT;
    memcpy(out, line, len);
    out[len] = '\0';
    return TM_OK;
}

int tm_cgroup_own(char *out, size_t cap, struct tm_msg *msg)
{
    char name[TM_CGROUP_PATH_MAX];
    int rc = tm_cgroup_mount("cgroup2", out, cap, msg);
    if (rc != TM_OK)
        return rc;
    if (own_name(name, sizeof name) != TM_OK)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "this process is in no cgroup of version 2");
    size_t len = strlen(out);
    const char *more = strcmp(name, "/") == 0 ? "" : name;
    if (len + strlen(more) >= cap)
        return tm_msg_set(msg, TM_ERR_LIMIT, "the cgroup's path is too long");
    memcpy(out + len, more, strlen(more) + 1);
    return TM_OK;
}

/* ---- Taking ---- */

static int open_locked(struct tm_cgroup *g, struct tm_msg *msg)
{
    g->fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g->fd < 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot open the cgroup %.300s: %s", g->path,
                          strerror(errno));
    if (flock(g->fd, LOCK_EX | LOCK_NB) == 0)
        return TM_OK;
    (void)close(g->fd);
    g->fd = -1;
    return tm_msg_set(msg, TM_ERR_CLOSED, "another tm-client has the cgroup %.300s", g->path);
}

int tm_cgroup_home(char *out, size_t cap, struct tm_msg *msg)
{
    static const char more[] = "/" TM_CGROUP_HOME;
    struct stat st;
    int rc = tm_cgroup_own(out, cap, msg);
    if (rc != TM_OK || stat(out, &st) != 0 || (st.st_mode & S_IWUSR) != 0)
        return rc;
    size_t len = strlen(out);
    if (len + sizeof more > cap)
        return tm_msg_set(msg, TM_ERR_LIMIT, "the cgroup's path is too long");
    memcpy(out + len, more, sizeof more);
    return TM_OK;
}

int tm_cgroup_make(struct tm_cgroup *g, struct tm_msg *msg)
{
    char base[TM_CGROUP_PATH_MAX - 64];
    *g = (struct tm_cgroup){.fd = -1, .is_made = true};
    int rc = tm_cgroup_home(base, sizeof base, msg);
    if (rc != TM_OK)
        return rc;
    (void)mkdir(base, 0755); /* what is wrong shows with the next */
    for (int i = 0; i < TRIES; i++) {
        (void)snprintf(g->path, sizeof g->path, "%s/" TM_CGROUP_PREFIX "%" PRIdMAX "-%d", base,
                       (intmax_t)getpid(), i);
        if (mkdir(g->path, 0755) == 0) {
            rc = open_locked(g, msg);
            if (rc != TM_OK)
                (void)rmdir(g->path);
            return rc;
        }
        if (errno != EEXIST)
            break;
    }
    return tm_msg_set(msg, TM_ERR_IO, "cannot make the cgroup %.300s: %s", g->path,
                      strerror(errno));
}

/* That it may be taken, and is not us. */
static int check(const struct tm_cgroup *g, struct tm_msg *msg)
{
    char mount[TM_CGROUP_PATH_MAX];
    char own[TM_CGROUP_PATH_MAX];
    struct statfs fs;
    if (fstatfs(g->fd, &fs) != 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
        return tm_msg_set(msg, TM_ERR_RANGE, "%.300s is not a cgroup of version 2", g->path);
    int rc = tm_cgroup_mount("cgroup2", mount, sizeof mount, msg);
    if (rc != TM_OK)
        return rc;
    /* The root has no such file. */
    if (strcmp(g->path, mount) == 0 || faccessat(g->fd, "cgroup.events", F_OK, 0) != 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "%.300s is the root cgroup, which holds every program; make one below it",
                          g->path);
    rc = tm_cgroup_own(own, sizeof own, msg);
    if (rc == TM_OK && tm_cgroup_is_below(own, g->path))
        rc = tm_msg_set(msg, TM_ERR_RANGE,
                        "tm-client itself runs in %.300s, and cannot go through itself", g->path);
    return rc;
}

int tm_cgroup_open(struct tm_cgroup *g, const char *path, struct tm_msg *msg)
{
    *g = (struct tm_cgroup){.fd = -1};
    char *real = realpath(path, NULL);
    if (real == NULL || strlen(real) >= sizeof g->path) {
        free(real);
        return tm_msg_set(msg, TM_ERR_IO, "cannot open the cgroup %.300s: %s", path,
                          strerror(errno));
    }
    memcpy(g->path, real, strlen(real) + 1);
    free(real);
    int rc = open_locked(g, msg);
    if (rc == TM_OK)
        rc = check(g, msg);
    if (rc != TM_OK && g->fd >= 0) {
        (void)close(g->fd);
        g->fd = -1;
    }
    return rc;
}

/* ---- Processes ---- */

static int move(int dir, pid_t pid)
{
    char text[32];
    int fd = openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int len = snprintf(text, sizeof text, "%" PRIdMAX, (intmax_t)pid);
    int error = write(fd, text, (size_t)len) == len ? 0 : errno;
    (void)close(fd);
    return error;
}

int tm_cgroup_add(const struct tm_cgroup *g, pid_t pid, struct tm_msg *msg)
{
    int error = move(g->fd, pid);
    if (error == 0)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "cannot move process %" PRIdMAX " into %.300s: %s",
                      (intmax_t)pid, g->path, strerror(error));
}

bool tm_cgroup_is_populated(int fd)
{
    char text[256] = "";
    int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0)
        return false;
    ssize_t n = read(events, text, sizeof text - 1);
    (void)close(events);
    return n > 0 && strstr(text, "populated 1") != NULL;
}

void tm_cgroup_empty(const struct tm_cgroup *g)
{
    int procs = openat(g->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    bool is_at_home = strstr(g->path, "/" TM_CGROUP_HOME "/") != NULL;
    int parent = openat(g->fd, is_at_home ? "../.." : "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FILE *f = procs >= 0 ? fdopen(procs, "r") : NULL;
    char line[32];
    while (parent >= 0 && f != NULL && fgets(line, sizeof line, f) != NULL)
        (void)move(parent, (pid_t)strtol(line, NULL, 10));
    if (f != NULL)
        (void)fclose(f);
    else if (procs >= 0)
        (void)close(procs);
    if (parent >= 0)
        (void)close(parent);
}

bool tm_cgroup_close(struct tm_cgroup *g)
{
    if (g->fd < 0)
        return true;
    bool is_gone = g->is_made && rmdir(g->path) == 0;
    (void)close(g->fd);
    g->fd = -1;
    return is_gone;
}
