/* test/unit/app/options_config_test.c - config files against the table of options. */
#include "tm/app/options_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/app/preset.h"

static struct tm_options o;
static struct tm_msg msg;

static unsigned n_faults, fault_line;
static char fault_text[512];

static void on_fault(void *user, unsigned line, const char *text)
{
    (void)user;
    if (n_faults++ == 0) {
        fault_line = line;
        (void)snprintf(fault_text, sizeof fault_text, "%s", text);
    }
}

/* Reads a config text, which is changed, and completes. */
static int config(char *text)
{
    n_faults = 0;
    msg.text[0] = '\0';
    int rc = tm_options_config(&o, text, on_fault, NULL);
    CHECK_INT(rc == TM_OK, n_faults == 0);
    return rc == TM_OK ? tm_options_complete(&o, &msg) : rc;
}

/* The words of a command line before its config is read. */
#define WORDS(program, ...) words(program, (char *[]){"prog", __VA_ARGS__, NULL})

static void words(enum tm_program program, char *argv[])
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    CHECK_INT(tm_options_parse(&o, program, argc, argv, &msg), TM_OK);
}

static void config_fills_what_the_command_line_left_open(void)
{
    char text[] = "# written by setup\n"
                  "listen = *:443\r\n"
                  "\n"
                  "  decoy=127.0.0.1:8080  \n"
                  "deny = 10.0.0.0/8\n"
                  "deny = 192.168.0.0/16";
    WORDS(TM_PROGRAM_SERVER, "run", "--decoy", "h:1", "--deny", "fd00::/8");
    CHECK_INT(config(text), TM_OK);
    CHECK_STR(o.v[TM_OPT_LISTEN].text, "*:443");
    CHECK_STR(o.v[TM_OPT_DECOY].text, "h:1");
    CHECK_INT(o.n_list, 3);
    CHECK_STR(o.list[0].text, "fd00::/8");
    CHECK_STR(o.list[2].text, "192.168.0.0/16");
}

static void config_errors_name_the_line(void)
{
    static const struct {
        unsigned line;
        const char *text, *why;
    } bad[] = {
        {2, "listen = *:443\nlisten = *:444\n", "'listen' is set twice"},
        {3, "\n\nlisten\n", "write 'name = value'"},
        {1, "state = d\n", "'state' stands on the command line alone"},
        {1, "expires = 1h\n", "'expires' stands on the command line alone"},
        {1, "bogus = 1\n", "unknown option 'bogus'"},
        {1, "lisen = *:443\n", "unknown option 'lisen' (did you mean 'listen'?)"},
        {1, "log_streams = f\n", "unknown option 'log_streams' (did you mean 'log-streams'?)"},
        {1, "--decoy = h:1\n", "unknown option '--decoy' (did you mean 'decoy'?)"},
        {1, "socks = h:1\n", "'socks' is an option of tm-client"},
        {1, "listen =\n", "listen '' has no port; write HOST:PORT"},
        {1, "verbose = 1\n", "verbose: write yes or no"},
        {1, "grace = soon\n",
         "grace: 'soon' is no time; write a number and a unit, as 250ms, 10s, 5m, 24h"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = strdup(bad[i].text);
        WORDS(TM_PROGRAM_SERVER, "run");
        CHECK_INT(config(text), TM_ERR_FORMAT);
        CHECK_INT(fault_line, bad[i].line);
        CHECK_STR(fault_text, bad[i].why);
        free(text);
    }
}

static void config_is_read_to_its_end(void)
{
    char text[] = "bogus = 1\nlisten = *:443\ngrace = x\n";
    WORDS(TM_PROGRAM_SERVER, "run");
    CHECK_INT(config(text), TM_ERR_FORMAT);
    CHECK_INT(n_faults, 2);
    CHECK_STR(o.v[TM_OPT_LISTEN].text, "*:443");
}

/* What the command line overrides is looked at all the same. */
static void config_is_checked_where_it_does_not_count(void)
{
    char text[] = "grace = x\n", good[] = "grace = 5s\n";
    WORDS(TM_PROGRAM_SERVER, "run", "--grace", "3s");
    CHECK_INT(config(text), TM_ERR_FORMAT);
    WORDS(TM_PROGRAM_SERVER, "run", "--grace", "3s");
    CHECK_INT(config(good), TM_OK);
    CHECK_STR(o.v[TM_OPT_GRACE].text, "3s");
}

static void flags_stand_in_a_config(void)
{
    char text[] = "on-demand = yes\nverbose = no\nforward = 1:h:2\nforward = 3:h:4\n";
    WORDS(TM_PROGRAM_CLIENT, "run");
    CHECK_INT(config(text), TM_OK);
    CHECK(o.v[TM_OPT_ON_DEMAND].given);
    CHECK(!o.v[TM_OPT_VERBOSE].given);
    CHECK_INT(o.n_list, 2);
}

static void a_choice_on_the_command_line_puts_the_file_s_aside(void)
{
    static const char text[] = "model = a\nusers = 7\npace = 1s\nsocks = h:1\n";
    char copy[sizeof text];
    memcpy(copy, text, sizeof copy);
    WORDS(TM_PROGRAM_CLIENT, "run", "--schedule", "f");
    CHECK_INT(config(copy), TM_OK);
    CHECK(!o.v[TM_OPT_MODEL].given && !o.v[TM_OPT_USERS].given);
    CHECK_STR(o.v[TM_OPT_SOCKS].text, "h:1");
    memcpy(copy, text, sizeof copy);
    WORDS(TM_PROGRAM_CLIENT, "run", "--preset", "light");
    CHECK_INT(config(copy), TM_OK);
    CHECK_STR(o.v[TM_OPT_MODEL].text, "https-chat-joint");
    CHECK_STR(o.v[TM_OPT_USERS].text, "6");
    memcpy(copy, text, sizeof copy);
    WORDS(TM_PROGRAM_CLIENT, "run", "--users", "9");
    CHECK_INT(config(copy), TM_OK);
    CHECK_STR(o.v[TM_OPT_MODEL].text, "a");
    CHECK_STR(o.v[TM_OPT_USERS].text, "9");
}

static void nothing_to_play_means_the_default_preset(void)
{
    char text[] = "pace = 1s\n";
    WORDS(TM_PROGRAM_CLIENT, "run");
    CHECK_INT(tm_options_complete(&o, &msg), TM_OK);
    CHECK(tm_preset_is_default(&o));
    CHECK_STR(o.v[TM_OPT_MODEL].text, "https-browsing-joint:20+https-chat-joint:60");
    WORDS(TM_PROGRAM_CLIENT, "run", "--preset", "default");
    CHECK_INT(tm_options_complete(&o, &msg), TM_OK);
    CHECK(!tm_preset_is_default(&o));
    WORDS(TM_PROGRAM_CLIENT, "run");
    CHECK_INT(config(text), TM_OK);
    CHECK(tm_preset_is_default(&o));
    CHECK_INT(o.v[TM_OPT_PACE].num, 1000000);
}

static void the_file_is_blamed_for_what_it_said(void)
{
    char text[] = "\nusers = 3\n";
    WORDS(TM_PROGRAM_CLIENT, "run", "--on-demand");
    CHECK_INT(config(text), TM_ERR_FORMAT);
    tm_options_blame(&o, "f", &msg);
    CHECK_STR(msg.text,
              "--users needs a --model: the default preset says itself how many (f:2: users)");
    WORDS(TM_PROGRAM_CLIENT, "run", "--users", "3");
    CHECK_INT(tm_options_complete(&o, &msg), TM_ERR_FORMAT);
    tm_options_blame(&o, "f", &msg);
    CHECK_STR(msg.text, "--users needs a --model: the default preset says itself how many");
}

/* What is printed is a config, and reading it gives the same options. */
static void printed_options_are_read_back(void)
{
    char text[] = "preset = light\nusers = 3\nforward = 1:h:2\non-demand = yes\n";
    WORDS(TM_PROGRAM_CLIENT, "run", "--pace", "2s", "-L", "3:h:4");
    CHECK_INT(config(text), TM_OK);
    struct tm_options before = o;
    char *printed = NULL;
    size_t len;
    FILE *f = open_memstream(&printed, &len);
    tm_options_print(f, &o);
    fclose(f);
    CHECK(strstr(printed, "# of the command line\npace = 2s\nforward = 3:h:4\n") == printed);
    CHECK(strstr(printed, "# of the file\npreset = light\nusers = 3\non-demand = yes\n") != NULL);
    CHECK(strstr(printed, "# of the preset\nmodel = https-chat-joint\n") != NULL);
    CHECK(strstr(printed, "# defaults\n") != NULL);
    WORDS(TM_PROGRAM_CLIENT, "run");
    CHECK_INT(config(printed), TM_OK);
    CHECK_INT(o.n_list, 2);
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        CHECK_INT(o.v[i].num, before.v[i].num);
        if (o.v[i].text != NULL && i != TM_OPT_FORWARD)
            CHECK_STR(o.v[i].text, before.v[i].text);
    }
    free(printed);
}

/* Every option of `run`, of whatever program, can be in the file, but for those that say which file, or ask for something else. */
static void every_option_of_run_is_one_of_the_file(void)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        enum tm_opt opt = (enum tm_opt)i;
        const struct tm_opt_info *info = tm_options_info(opt);
        bool is_other = opt == TM_OPT_STATE || opt == TM_OPT_CONFIG || opt == TM_OPT_CHECK_CONFIG ||
                        opt == TM_OPT_PRINT_CONFIG || opt == TM_OPT_HELP || opt == TM_OPT_VERSION;
        bool is_run = (info->commands & 1U << TM_CMD_CLIENT_RUN) != 0;
        CHECK_INT(tm_options_in_config(TM_PROGRAM_CLIENT, opt), is_run && !is_other);
        CHECK(!info->live ||
              (info->commands & (1U << TM_CMD_CLIENT_RUN | 1U << TM_CMD_SERVER_RUN)) != 0);
    }
    CHECK(tm_options_in_config(TM_PROGRAM_SERVER, TM_OPT_PUBLIC));
    CHECK(!tm_options_in_config(TM_PROGRAM_SERVER, TM_OPT_EXPIRES));
}

/* Config text is a file of the user's: nothing in it may do more than give an error. */
static void mutated_config_never_hurts(void)
{
    static const char text[] =
        "listen = *:443\n#c\ndecoy = [::1]:80\ngrace = 10s\nallow = 10.0.0.0/8:1\nverbose = yes\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (int v = 1; v < 256; v++) {
            char *copy = strdup(text);
            copy[i] = (char)v;
            WORDS(TM_PROGRAM_SERVER, "run", "--state", "d");
            int rc = config(copy);
            CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
            free(copy);
        }
}

static const struct check_case cases[] = {
    {"config_fills_what_the_command_line_left_open", config_fills_what_the_command_line_left_open},
    {"config_errors_name_the_line", config_errors_name_the_line},
    {"mutated_config_never_hurts", mutated_config_never_hurts},
    {"config_is_read_to_its_end", config_is_read_to_its_end},
    {"config_is_checked_where_it_does_not_count", config_is_checked_where_it_does_not_count},
    {"flags_stand_in_a_config", flags_stand_in_a_config},
    {"a_choice_on_the_command_line_puts_the_file_s_aside",
     a_choice_on_the_command_line_puts_the_file_s_aside},
    {"nothing_to_play_means_the_default_preset", nothing_to_play_means_the_default_preset},
    {"the_file_is_blamed_for_what_it_said", the_file_is_blamed_for_what_it_said},
    {"printed_options_are_read_back", printed_options_are_read_back},
    {"every_option_of_run_is_one_of_the_file", every_option_of_run_is_one_of_the_file},
};
CHECK_MAIN("options_config", cases)
