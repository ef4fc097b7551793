/* test/unit/app/paths_test.c - state and config of people, root and services. */
#include "tm/app/paths.h"

#include <string.h>
#include <sys/stat.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static char out[TM_FILE_PATH_MAX];
static struct tm_msg msg;

static struct tm_paths_env person(void)
{
    return (struct tm_paths_env){
        .home = "/h/p", .system_state = "/nonexistent/lib", .system_config = "/nonexistent/etc"};
}

static void people_have_xdg_directories(void)
{
    struct tm_paths_env env = person();
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_OK);
    CHECK_STR(out, "/h/p/.local/state/trafficmimic/client");
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_SERVER, &env, &msg), TM_OK);
    CHECK_STR(out, "/h/p/.local/state/trafficmimic/server");
    env.xdg_state = "/elsewhere";
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_OK);
    CHECK_STR(out, "/elsewhere/trafficmimic/client");
    env.xdg_state = "relative"; /* which the specification says to ignore */
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_OK);
    CHECK_STR(out, "/h/p/.local/state/trafficmimic/client");
}

static void root_and_services_have_the_system_s(void)
{
    struct tm_paths_env env = person();
    env.is_root = true;
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_SERVER, &env, &msg), TM_OK);
    CHECK_STR(out, "/nonexistent/lib/server");
    env.state_directory = "/var/lib/x:/var/lib/y";
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_SERVER, &env, &msg), TM_OK);
    CHECK_STR(out, "/var/lib/x");
}

static void who_owns_the_system_s_has_it(void)
{
    char dir[64], path[80];
    struct tm_paths_env env = person();
    env.system_state = temp_dir_make(dir);
    (void)snprintf(path, sizeof path, "%s/client", dir);
    CHECK_INT(mkdir(path, 0700), 0);
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_OK);
    CHECK_STR(out, path);
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_SERVER, &env, &msg), TM_OK);
    CHECK_STR(out, "/h/p/.local/state/trafficmimic/server");
    temp_dir_remove(dir);
}

static void without_a_home_it_must_be_said(void)
{
    struct tm_paths_env env = person();
    env.home = "";
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "--state DIR is required") != NULL);
    char longest[TM_FILE_PATH_MAX + 8];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    env.home = longest;
    CHECK_INT(tm_paths_state(out, TM_PROGRAM_CLIENT, &env, &msg), TM_ERR_RANGE);
}

static void configs_are_looked_for_in_order(void)
{
    static const char *const wanted[] = {"/s/config", "/h/p/.config/trafficmimic/client.conf",
                                         "/nonexistent/etc/client.conf"};
    struct tm_paths_env env = person();
    for (unsigned i = 0; i < 3; i++) {
        CHECK_INT(tm_paths_config(out, i, TM_PROGRAM_CLIENT, "/s", &env), TM_OK);
        CHECK_STR(out, wanted[i]);
    }
    CHECK_INT(tm_paths_config(out, 3, TM_PROGRAM_CLIENT, "/s", &env), TM_ERR_CLOSED);
    CHECK_INT(tm_paths_config(out, 0, TM_PROGRAM_SERVER, "/s", &env), TM_OK);
    CHECK_STR(out, "/s/config");
    CHECK_INT(tm_paths_config(out, 1, TM_PROGRAM_SERVER, "/s", &env), TM_ERR_CLOSED);
    env.home = NULL; /* the next one is looked at all the same */
    CHECK_INT(tm_paths_config(out, 1, TM_PROGRAM_CLIENT, "/s", &env), TM_ERR_RANGE);
}

static void parents_are_made_private_but_the_system_s(void)
{
    char dir[64], path[128], system[96];
    struct stat st;
    (void)temp_dir_make(dir);
    (void)snprintf(system, sizeof system, "%s/lib", dir);
    struct tm_paths_env env = person();
    env.system_state = system;
    (void)snprintf(path, sizeof path, "%s/a/b/client", dir);
    CHECK_INT(tm_paths_make_parents(path, &env, &msg), TM_OK);
    CHECK(stat(path, &st) != 0); /* itself is not made */
    (void)snprintf(path, sizeof path, "%s/a/b", dir);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/server", system);
    CHECK_INT(tm_paths_make_parents(path, &env, &msg), TM_OK);
    CHECK_INT(stat(system, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0755);
    CHECK_INT(tm_paths_make_parents("/proc/nowhere/x", &env, &msg), TM_ERR_IO);
    temp_dir_remove(dir);
}

static const struct check_case cases[] = {
    {"people_have_xdg_directories", people_have_xdg_directories},
    {"root_and_services_have_the_system_s", root_and_services_have_the_system_s},
    {"who_owns_the_system_s_has_it", who_owns_the_system_s_has_it},
    {"without_a_home_it_must_be_said", without_a_home_it_must_be_said},
    {"configs_are_looked_for_in_order", configs_are_looked_for_in_order},
    {"parents_are_made_private_but_the_system_s", parents_are_made_private_but_the_system_s},
};
CHECK_MAIN("paths", cases)
