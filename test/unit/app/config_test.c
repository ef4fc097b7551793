/* test/unit/app/config_test.c - a command line and the file beside it; the same again after the file has changed; what has changed. */
#include "tm/app/config.h"

#include <string.h>
#include <sys/stat.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"
#include "tm/app/live.h"

static char dir[64], path[96];
static struct tm_config c;
static struct tm_options o;
static struct tm_msg msg;

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    if (f == NULL)
        return;
    CHECK(fputs(text, f) >= 0);
    CHECK_INT(fclose(f), 0);
    CHECK_INT(chmod(path, 0644), 0);
}

static char *argv[] = {"p", "run", "--state", dir, "--model", "m", "-L", "1:h:1", NULL};

static enum tm_config_fault read_all(const char *text)
{
    (void)temp_dir_make(dir);
    (void)snprintf(path, sizeof path, "%s/config", dir);
    write_file(text);
    msg.text[0] = '\0';
    CHECK_INT(tm_options_parse(&o, TM_PROGRAM_CLIENT, 8, argv, &msg), TM_OK);
    return tm_config_read(&c, &o, &msg);
}

static void done(void)
{
    tm_config_free(&c);
    temp_dir_remove(dir);
}

static void the_state_directory_s_file_is_read(void)
{
    CHECK_INT(read_all("prep = 5ms\nforward = 2:h:2\n"), TM_CONFIG_GOOD);
    CHECK_STR(o.config_path, path);
    CHECK_STR(o.v[TM_OPT_PREP].text, "5ms");
    CHECK_INT(o.n_list, 2);
    done();
}

static void the_first_fault_is_told_with_its_place(void)
{
    char want[256];
    CHECK_INT(read_all("prep = 5ms\nperp = 5ms\nx = 1\n"), TM_CONFIG_BAD_FILE);
    (void)snprintf(
        want, sizeof want,
        "%s:2: unknown option 'perp' (did you mean 'prep'?) (and 1 more: --check-config)", path);
    CHECK_STR(msg.text, want);
    done();
}

static void a_file_that_others_may_write_is_refused(void)
{
    CHECK_INT(read_all("prep = 5ms\n"), TM_CONFIG_GOOD);
    CHECK_INT(chmod(path, 0664), 0);
    struct tm_config again;
    struct tm_options fresh;
    CHECK_INT(tm_config_again(&again, &fresh, &o, &msg), TM_CONFIG_BAD_FILE);
    CHECK(strstr(msg.text, "chmod go-w") != NULL);
    tm_config_free(&again);
    done();
}

/* As on SIGHUP: the live ones are taken, the others named, and what runs points into what is there. */
static void what_has_changed_is_named_and_taken(void)
{
    struct tm_config again;
    static struct tm_options fresh;
    char text[TM_LIVE_TEXT];
    CHECK_INT(read_all("prep = 5ms\nforward = 2:h:2\nverbose = yes\ngrace = 5s\n"), TM_CONFIG_GOOD);
    write_file("prep = 6ms\nforward = 3:h:3\ngrace = 5s\ndrain = 9s\n");
    CHECK_INT(tm_config_again(&again, &fresh, &o, &msg), TM_CONFIG_GOOD);
    tm_live_text(text, &o, &fresh);
    CHECK_STR(text, "changed: forward, drain, verbose; after a restart: prep");
    tm_live_take(&o, &fresh);
    CHECK_STR(o.v[TM_OPT_PREP].text, "5ms");
    CHECK_STR(o.v[TM_OPT_DRAIN].text, "9s");
    CHECK_INT(o.v[TM_OPT_DRAIN].num, 9000000);
    CHECK(!o.v[TM_OPT_VERBOSE].given);
    CHECK_INT(o.n_list, 2);
    CHECK_STR(o.list[0].text, "1:h:1");
    CHECK_STR(o.list[1].text, "3:h:3");
    tm_live_text(text, &fresh, &fresh);
    CHECK_STR(text, "nothing has changed");
    tm_config_free(&again);
    done();
}

static void a_bad_file_changes_nothing(void)
{
    struct tm_config again;
    struct tm_options fresh;
    CHECK_INT(read_all("drain = 1s\n"), TM_CONFIG_GOOD);
    write_file("drain = 2s\nbogus = 1\n");
    CHECK_INT(tm_config_again(&again, &fresh, &o, &msg), TM_CONFIG_BAD_FILE);
    CHECK_STR(o.v[TM_OPT_DRAIN].text, "1s");
    tm_config_free(&again);
    write_file(
        "preset = light\nschedule = f\n"); /* the command line has a model: these are put aside */
    CHECK_INT(tm_config_again(&again, &fresh, &o, &msg), TM_CONFIG_GOOD);
    tm_config_free(&again);
    done();
}

static const struct check_case cases[] = {
    {"the_state_directory_s_file_is_read", the_state_directory_s_file_is_read},
    {"the_first_fault_is_told_with_its_place", the_first_fault_is_told_with_its_place},
    {"a_file_that_others_may_write_is_refused", a_file_that_others_may_write_is_refused},
    {"what_has_changed_is_named_and_taken", what_has_changed_is_named_and_taken},
    {"a_bad_file_changes_nothing", a_bad_file_changes_nothing},
};
CHECK_MAIN("config", cases)
