/* tm-audit: does the wire show the schedule, and nothing else (tm-audit.1). */
#include "audit/commands.h"
#include "audit/prove/prove_commands.h"
#include "tm/cli/program.h"

static const struct tm_command COMMANDS[] = {
    {"conform", tm_cmd_conform, "compare a capture of the carriers with the schedule log"},
    {"invariant", tm_cmd_invariant, "print or compare what a schedule fixes"},
    {"interference", tm_cmd_interference, "tell loaded from idle runs of one schedule"},
    {"features", tm_cmd_features, "captures to rows of features (CSV, NPZ)"},
    {"classify", tm_cmd_classify, "name protocols and find cover, as TrafficMimic's authors tried"},
    {"detect", tm_cmd_detect, "train an observer to tell cover from real"},
    {"correlate", tm_cmd_correlate, "match flows behind the server with carriers of the tunnel"},
    {"wf", tm_cmd_wf, "tell which pages were visited"},
    {"capture", tm_cmd_capture, "capture the headers of one server's packets"},
    {"prove", tm_cmd_prove, "judge what tm-client prove did to one's own wire"},
    {"netflow", tm_cmd_netflow, "find the client of a shaped download by flow records"},
    {"probe", tm_cmd_probe, "tell a stream's load from latencies through its node"},
    {"report", tm_cmd_report, "write one page about what the attacks find"},
};

int main(int argc, char **argv)
{
    static const struct tm_program PROGRAM = {
        .name = "tm-audit",
        .version = "tm-audit " TM_VERSION,
        .purpose = "Judge what an observer of the wire sees.",
        .commands = COMMANDS,
        .n_commands = sizeof COMMANDS / sizeof *COMMANDS,
    };
    return tm_program_main(&PROGRAM, argc, argv);
}
