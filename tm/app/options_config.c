/* tm/app/options_config.c - a config file against the table of options. */
#include <assert.h>
#include <string.h>

#include "tm/app/options.h"

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        s[--len] = '\0';
    return s;
}

/* by_hand: bit 1 << option for what the command line gave. */
static int config_line(struct tm_options *o, uint64_t by_hand, char *line, struct tm_msg *msg)
{
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return TM_OK;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "write 'name = value'");
    *equals = '\0';
    char *name = trim(line), *value = trim(equals + 1);
    enum tm_opt opt = tm_options_find(~0U, name, strlen(name));
    if (opt == TM_OPT_N || !tm_options_info(opt)->in_config)
        return tm_msg_set(msg, TM_ERR_FORMAT, "unknown option '%s'", name);
    if (tm_options_info(opt)->kind != TM_OPT_LIST) {
        if ((by_hand >> opt & 1) != 0)
            return TM_OK;
        if (o->v[opt].given)
            return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' is set twice", name);
    }
    return tm_options_set(o, opt, value, msg);
}

int tm_options_config(struct tm_options *o, char *text, struct tm_msg *msg)
{
    static_assert(TM_OPT_N <= 64, "by_hand has 64 bits");
    uint64_t by_hand = 0;
    for (unsigned i = 0; i < TM_OPT_N; i++)
        by_hand |= (uint64_t)o->v[i].given << i;
    unsigned number = 1;
    for (char *line = text; line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        struct tm_msg why;
        if (config_line(o, by_hand, line, &why) != TM_OK)
            return tm_msg_set(msg, TM_ERR_FORMAT, "line %u: %.480s", number, why.text);
        line = end;
    }
    return TM_OK;
}
