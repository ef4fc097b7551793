/* trial/commands.h - the commands of tm-sim.  Each takes its own arguments (argv[0] is "tm-sim COMMAND"), prints data on stdout and messages on
 * stderr, and returns the exit status: 0 done, 1 failed, 2 wrong usage. */
#ifndef TM_TRIAL_COMMANDS_H
#define TM_TRIAL_COMMANDS_H

int tm_cmd_run(int argc, char **argv);
int tm_cmd_machine(int argc, char **argv);

#endif
