/* learner/commands.h - the commands of tm-learn.  Each takes its own arguments (argv[0] is
 * "tm-learn COMMAND"), prints data on stdout and messages on stderr, and returns the exit status:
 * 0 done, 1 failed, 2 wrong usage. */
#ifndef TM_LEARNER_COMMANDS_H
#define TM_LEARNER_COMMANDS_H

int tm_cmd_learn(int argc, char **argv);
int tm_cmd_merge(int argc, char **argv);
int tm_cmd_finish(int argc, char **argv);
int tm_cmd_audit(int argc, char **argv);
int tm_cmd_report(int argc, char **argv);
int tm_cmd_connections(int argc, char **argv);
int tm_cmd_replay(int argc, char **argv);
int tm_cmd_list(int argc, char **argv);
int tm_cmd_show(int argc, char **argv);
int tm_cmd_sample(int argc, char **argv);
int tm_cmd_simulate(int argc, char **argv);
int tm_cmd_compare(int argc, char **argv);
int tm_cmd_diff(int argc, char **argv);
int tm_cmd_export(int argc, char **argv);
int tm_cmd_import(int argc, char **argv);

#endif
