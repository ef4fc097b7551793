/* audit/prove/prove_commands.h - the two commands that `tm-client prove` runs. */
#ifndef TM_AUDIT_PROVE_PROVE_COMMANDS_H
#define TM_AUDIT_PROVE_PROVE_COMMANDS_H

/* Exit status. */
enum {
    TM_CAPTURE_NO_RIGHT = 3, /* tm-audit capture */
    TM_PROVE_NO_VERDICT = 3, /* tm-audit prove; 0: nothing found and the control caught, 1: found */
};

int tm_cmd_capture(int argc, char **argv);
int tm_cmd_prove(int argc, char **argv);

#endif
