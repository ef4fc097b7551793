#include "tm/cli/program.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

static int run_first(int argc, char **argv)
{
    CHECK_STR(argv[0], "tm-try first");
    CHECK(argv[argc] == NULL);
    return argc == 2 && strcmp(argv[1], "--deep") == 0 ? 7 : 1;
}

static int run_second(int argc, char **argv)
{
    CHECK_STR(argv[0], "tm-try second");
    return argc == 1 ? 0 : 1;
}

static const struct tm_command COMMANDS[] = {{"first", run_first, "the first"},
                                             {"second", run_second, "the second"}};
static const struct tm_program PROGRAM = {.name = "tm-try",
                                          .version = "tm-try 1",
                                          .purpose = "Tries.",
                                          .commands = COMMANDS,
                                          .n_commands = 2};

static int run(char *a, char *b)
{
    char name[] = "/usr/bin/tm-try";
    char *argv[] = {name, a, a ? b : NULL, NULL};
    return tm_program_main(&PROGRAM, 1 + (a != NULL) + (a && b), argv);
}

static void command_gets_its_arguments_and_gives_the_status(void)
{
    char first[] = "first", second[] = "second", deep[] = "--deep";
    CHECK_INT(run(first, deep), 7);
    CHECK_INT(run(first, NULL), 1);
    CHECK_INT(run(second, NULL), 0);
}

static void help_and_version_are_no_commands(void)
{
    char *words[] = {(char[]){"--help"}, (char[]){"-h"}, (char[]){"help"}, (char[]){"--version"},
                     (char[]){"-V"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        CHECK_INT(run(words[i], NULL), 0);
}

static void unknown_or_missing_command_is_wrong_usage(void)
{
    char *words[] = {(char[]){"firs"}, (char[]){"firsts"}, (char[]){""}, NULL};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        CHECK_INT(run(words[i], NULL), 2);
}

static const struct check_case CASES[] = {
    {"command_gets_its_arguments_and_gives_the_status",
     command_gets_its_arguments_and_gives_the_status},
    {"help_and_version_are_no_commands", help_and_version_are_no_commands},
    {"unknown_or_missing_command_is_wrong_usage", unknown_or_missing_command_is_wrong_usage},
};
CHECK_MAIN("program", CASES)
