/* test/unit/net/privilege_test.c - in a process of its own: what is given up does not come back. */
#include "tm/net/privilege.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"

/* The exit status of fn in a child. */
static int status_of(int (*fn)(void))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(fn());
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int dropped(void)
{
    bool could_run_ahead = tm_privilege_has(CAP_SYS_NICE);
    if (tm_privilege_drop(false, NULL) != TM_OK)
        return 1;
    for (int c = 0; c <= CAP_LAST_CAP; c++)
        if (tm_privilege_has(c) != (c == CAP_SYS_NICE && could_run_ahead))
            return 2;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 3;
    return tm_privilege_drop(false, NULL) == TM_OK ? 0 : 4;
}

static void all_but_one_is_given_up(void)
{
    CHECK_INT(status_of(dropped), 0);
}

static int settled(void)
{
    if (tm_privilege_drop(false, NULL) != TM_OK)
        return 1;
    tm_privilege_settle();
    for (int c = 0; c <= CAP_LAST_CAP; c++)
        if (tm_privilege_has(c))
            return 2;
    return 0;
}

static void a_settled_thread_has_none(void)
{
    CHECK_INT(status_of(settled), 0);
}

static int settled_with_ports(void)
{
    bool could_listen = tm_privilege_has(CAP_NET_BIND_SERVICE);
    if (tm_privilege_drop(true, NULL) != TM_OK)
        return 1;
    tm_privilege_settle();
    for (int c = 0; c <= CAP_LAST_CAP; c++)
        if (tm_privilege_has(c) != (c == CAP_NET_BIND_SERVICE && could_listen))
            return 2;
    return 0;
}

static void low_ports_are_kept_if_asked(void)
{
    CHECK_INT(status_of(settled_with_ports), 0);
}

static void who_holds_more_keeps_it(void)
{
    bool before = tm_privilege_has(CAP_NET_ADMIN);
    tm_privilege_settle();
    CHECK_INT(tm_privilege_has(CAP_NET_ADMIN), before);
}

static const struct check_case cases[] = {
    {"all_but_one_is_given_up", all_but_one_is_given_up},
    {"a_settled_thread_has_none", a_settled_thread_has_none},
    {"low_ports_are_kept_if_asked", low_ports_are_kept_if_asked},
    {"who_holds_more_keeps_it", who_holds_more_keeps_it},
};
CHECK_MAIN("privilege", cases)
