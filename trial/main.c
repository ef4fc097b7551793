/* tm-sim: what Maybenot machines do to recorded traffic (tm-sim.1). */
#include "tm/cli/program.h"
#include "trial/commands.h"

static const struct tm_command COMMANDS[] = {
    {"run", tm_cmd_run, "play machines over traces: what they cost, what is seen"},
    {"machine", tm_cmd_machine, "print the machines of a known defence"},
};

int main(int argc, char **argv)
{
    static const struct tm_program PROGRAM = {
        .name = "tm-sim",
        .version = "tm-sim " TM_VERSION,
        .purpose = "Try Maybenot machines on recorded traffic.",
        .commands = COMMANDS,
        .n_commands = sizeof COMMANDS / sizeof *COMMANDS,
        .first_steps = "  tm-sim run --ready front capture.pcap\n",
    };
    return tm_program_main(&PROGRAM, argc, argv);
}
