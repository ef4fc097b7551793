/* tm-learn: packet captures -> a model database (tm-learn.1). */
#include <locale.h>

#include "learner/commands.h"
#include "tm/cli/program.h"

static const struct tm_command COMMANDS[] = {
    {"learn", tm_cmd_learn, "learn a model from captures and put it into a database"},
    {"merge", tm_cmd_merge, "put the shards of learn --shard together"},
    {"finish", tm_cmd_finish, "make a model of shards"},
    {"audit", tm_cmd_audit, "say what a model tells about the captures it is from"},
    {"list", tm_cmd_list, "list the models of a database"},
    {"show", tm_cmd_show, "show what a model holds"},
    {"report", tm_cmd_report, "write a page about a model"},
    {"sample", tm_cmd_sample, "play a model in virtual time: connections, a schedule, a capture"},
    {"simulate", tm_cmd_simulate,
     "play the tunnel with a model in virtual time: what it carries, costs and takes"},
    {"compare", tm_cmd_compare, "compare two models, or a model and captures"},
    {"diff", tm_cmd_diff, "show what differs between two models"},
    {"export", tm_cmd_export, "print models as JSON"},
    {"import", tm_cmd_import, "put models from JSON into a database"},
    {"connections", tm_cmd_connections, "print the connections found in captures"},
    {"replay", tm_cmd_replay, "print captured connections as a schedule file"},
};

int main(int argc, char **argv)
{
    static const struct tm_program PROGRAM = {
        .name = "tm-learn",
        .version = "tm-learn " TM_VERSION,
        .purpose = "Turn packet captures into models of traffic.",
        .commands = COMMANDS,
        .n_commands = sizeof COMMANDS / sizeof *COMMANDS,
        .first_steps = "  tm-learn learn -o models.db --name https --port 443 trace.pcap\n"
                       "  tm-learn show models.db https\n",
    };
    (void)setlocale(LC_CTYPE, "");
    return tm_program_main(&PROGRAM, argc, argv);
}
