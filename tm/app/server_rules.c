/* tm/app/server_rules.c - see server_rules.h. */
#include "tm/app/server_rules.h"

int tm_server_rules_load(struct tm_server_rules *r, const struct tm_options *o, struct tm_msg *msg)
{
    for (size_t i = 0; i < o->n_list; i++) {
        const struct tm_opt_item *item = &o->list[i];
        struct tm_msg why = {""};
        int rc = TM_OK;
        if (item->opt == TM_OPT_ALLOW)
            rc = tm_guard_add(&r->guard, TM_GUARD_ALLOW, item->text, &why);
        else if (item->opt == TM_OPT_DENY)
            rc = tm_guard_add(&r->guard, TM_GUARD_DENY, item->text, &why);
        else if (item->opt == TM_OPT_ALLOW_UNIX)
            rc = tm_guard_add_unix(&r->guard, item->text, &why);
        else if (item->opt == TM_OPT_PERMIT_LISTEN)
            rc = tm_permit_add(&r->permit, item->text, &why);
        if (rc != TM_OK)
            return tm_msg_set(msg, rc, "--%s %.300s", tm_options_info(item->opt)->name, why.text);
    }
    return TM_OK;
}
