/* test/unit/net/cgroup_test.c - what /proc says of mounts, and which cgroup lies in which. */
#include "tm/net/ebpf/cgroup.h"

#include <string.h>
#include <unistd.h>

#include "test/support/check.h"

static const char mounts[] = "22 1 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
                             "30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw,mode=755\n"
                             "31 30 0:27 /a\\040b /sys/fs/cgroup/with\\040space\\134x rw shared:9 "
                             "master:1 - cgroup2 none rw\n"
                             "32 30 0:28 / /sys/fs/cgroup/second rw - cgroup2 none rw\n"
                             "33 22 0:29 / /bpf rw - bpf none rw,mode=700\n";

static void the_first_mount_of_a_type_is_found(void)
{
    char out[64];
    CHECK_INT(tm_cgroup_find_mount(mounts, "cgroup2", out, sizeof out), TM_OK);
    CHECK_STR(out, "/sys/fs/cgroup/with space\\x");
    CHECK_INT(tm_cgroup_find_mount(mounts, "bpf", out, sizeof out), TM_OK);
    CHECK_STR(out, "/bpf");
}

static void a_type_that_is_not_mounted_is_not_found(void)
{
    char out[64];
    CHECK_INT(tm_cgroup_find_mount(mounts, "cgroup", out, sizeof out), TM_ERR_CLOSED);
    CHECK_INT(tm_cgroup_find_mount("", "bpf", out, sizeof out), TM_ERR_CLOSED);
    CHECK_INT(tm_cgroup_find_mount("1 2 - bpf x\n\n3 4 5 6 /m rw\n - bpf", "bpf", out, sizeof out),
              TM_ERR_CLOSED);
    CHECK_INT(tm_cgroup_find_mount(mounts, "cgroup2", out, 10), TM_ERR_LIMIT);
}

static void every_prefix_of_the_mounts_is_read_safely(void)
{
    char text[sizeof mounts];
    char out[64];
    for (size_t len = 0; len < sizeof mounts; len++) {
        memcpy(text, mounts, len);
        text[len] = '\0';
        int rc = tm_cgroup_find_mount(text, "bpf", out, sizeof out);
        CHECK(rc == TM_OK || rc == TM_ERR_CLOSED);
    }
}

static void below_is_a_matter_of_whole_names(void)
{
    CHECK(tm_cgroup_is_below("/a/b", "/a/b"));
    CHECK(tm_cgroup_is_below("/a/b/c", "/a/b"));
    CHECK(tm_cgroup_is_below("/a/b/c", "/a/b/"));
    CHECK(tm_cgroup_is_below("/a", "/"));
    CHECK(!tm_cgroup_is_below("/a/bc", "/a/b"));
    CHECK(!tm_cgroup_is_below("/a", "/a/b"));
}

static void what_is_no_cgroup_is_refused(void)
{
    struct tm_cgroup g;
    struct tm_msg msg;
    CHECK_INT(tm_cgroup_open(&g, "/proc/self", &msg), TM_ERR_RANGE);
    CHECK_INT(g.fd, -1);
    CHECK_INT(tm_cgroup_open(&g, "/nowhere/at/all", &msg), TM_ERR_IO);
    CHECK_INT(g.fd, -1);
    CHECK(!tm_cgroup_is_populated(STDIN_FILENO));
}

static const struct check_case cases[] = {
    {"the_first_mount_of_a_type_is_found", the_first_mount_of_a_type_is_found},
    {"a_type_that_is_not_mounted_is_not_found", a_type_that_is_not_mounted_is_not_found},
    {"every_prefix_of_the_mounts_is_read_safely", every_prefix_of_the_mounts_is_read_safely},
    {"below_is_a_matter_of_whole_names", below_is_a_matter_of_whole_names},
    {"what_is_no_cgroup_is_refused", what_is_no_cgroup_is_refused},
};
CHECK_MAIN("cgroup", cases)
