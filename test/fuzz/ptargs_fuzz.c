/* test/fuzz/ptargs_fuzz.c - any bytes as transport arguments, and the whole environment of a transport: "NAME=value" lines. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tm/app/pt_env.h"
#include "tm/app/pt_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 32U

static struct tm_ptargs a;

/* What was read is written for a method line, or there is no room for it. */
static void check_args(void)
{
    char text[256];
    size_t len = 0;
    TM_ASSERT_LE(a.n, TM_PTARGS_MAX);
    for (size_t i = 0; i < a.n; i++) {
        TM_ASSERT(tm_ptargs_get(&a, a.arg[i].key) == a.arg[i].value && a.arg[i].key[0] != '\0');
        if (tm_ptargs_add(text, sizeof text, &len, &a.arg[i]) == TM_OK)
            TM_ASSERT_EQ(strlen(text), len);
    }
}

static void environment(char *text)
{
    static struct tm_pt_env e;
    char *env[LINES_MAX + 1] = {NULL};
    char line[TM_PT_LINE_MAX], quoted[64];
    struct tm_msg msg = {""};
    size_t n = 0;
    for (char *p = text; p != NULL && n < LINES_MAX;)
        env[n++] = strsep(&p, "\n");
    for (int program = TM_PROGRAM_CLIENT; program <= TM_PROGRAM_SERVER; program++) {
        enum tm_pt_verdict verdict = tm_pt_env_read(&e, (enum tm_program)program, env, &msg);
        TM_ASSERT(verdict == TM_PT_OK || msg.text[0] != '\0');
        TM_ASSERT(verdict != TM_PT_OK || e.state[0] == '/');
        size_t len = tm_pt_line(line, msg.text, strlen(msg.text));
        TM_ASSERT(memchr(line, '\n', len) == line + len - 1);
        tm_pt_quote(quoted, sizeof quoted, msg.text);
        TM_ASSERT(strlen(quoted) < sizeof quoted);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (tm_ptargs_read(&a, text, size, NULL) == TM_OK)
        check_args();
    if (tm_ptargs_read_options(&a, text, "trafficmimic", NULL) == TM_OK)
        check_args();
    environment(text);
    free(text);
    return 0;
}
