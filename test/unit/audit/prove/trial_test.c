#include "audit/prove/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define HEAD                                                                                       \
    "{\"t\":\"trial\",\"v\":1,\"server\":\"192.0.2.1:443\",\"model\":\"m:2+n:1\",\"kind\":"        \
    "\"swing\","                                                                                   \
    "\"users\":3,\"payload_independent\":true}\n"
static const char TEXT[] = HEAD
    "{\"t\":\"capture\",\"interface\":\"eth0\",\"packets\":90,\"dropped\":2}\n"
    "{\"t\":\"slot\",\"phase\":\"model\",\"from\":1000,\"to\":2000,\"on\":true,\"up\":7,\"down\":8}"
    "\n"
    "{\"t\":\"slot\",\"phase\":\"model\",\"from\":2000,\"to\":3000,\"on\":false,\"up\":0,\"down\":"
    "0}\n"
    "{\"t\":\"count\",\"phase\":\"control\",\"at\":1500,\"up\":1,\"down\":2}\n"
    "{\"t\":\"count\",\"phase\":\"control\",\"at\":1600,\"up\":1,\"down\":9}\n"
    "{\"t\":\"kept\",\"phase\":\"model\",\"sent\":9,\"exact\":8,\"missed\":1,\"in_control\":true,"
    "\"others\":3,\"new\":[1]}\n"
    "{\"t\":\"note\",\"text\":\"no right\"}\n";

static int read_text(struct tm_trial *t, const char *text, struct tm_msg *msg)
{
    return tm_trial_read(t, text, strlen(text), "f", msg);
}

static void a_log_is_read(void)
{
    struct tm_trial t;
    struct tm_msg msg = {""};
    CHECK_INT(read_text(&t, TEXT, &msg), TM_OK);
    CHECK_STR(t.server_text, "192.0.2.1:443");
    CHECK_INT(t.server.port, 443);
    CHECK_STR(t.model, "m:2+n:1");
    CHECK_STR(t.kind, "swing");
    CHECK_INT(t.n_users, 3);
    CHECK(t.is_payload_independent);
    CHECK_STR(t.interface, "eth0");
    CHECK_INT(t.n_dropped, 2);
    CHECK_STR(t.note, "no right");
    const struct tm_trial_phase *p = &t.phase[TM_TRIAL_MODEL];
    CHECK_INT(p->n_slots, 2);
    CHECK(p->slots[0].is_on && !p->slots[1].is_on);
    CHECK_INT(p->slots[0].bytes[TM_DOWN], 8);
    CHECK(p->has_kept && p->is_in_control);
    CHECK_INT(p->n_exact, 8);
    CHECK_INT(p->n_others, 3);
    CHECK_INT(t.phase[TM_TRIAL_CONTROL].n_counts, 2);
    CHECK_INT(t.phase[TM_TRIAL_CONTROL].counts[1].bytes[TM_DOWN], 9);
    tm_trial_deinit(&t);
}

static void what_is_no_log_is_refused(void)
{
    static const struct {
        const char *text, *says;
    } CASES[] = {
        {"", "f: no trial's log"},
        {"{\"t\":\"note\",\"text\":\"x\"}\n", "the head is wanted first"},
        {"[]\n", "f:1"},
        {HEAD HEAD, "f:2"},
        {HEAD "{\"t\":\"slot\",\"phase\":\"third\",\"from\":1,\"to\":2}\n", "no line of a trial"},
        {HEAD "{\"t\":\"slot\",\"phase\":\"model\",\"from\":2,\"to\":2}\n", "one after the other"},
        {HEAD "{\"t\":\"slot\",\"phase\":\"model\",\"from\":1,\"to\":3}\n"
              "{\"t\":\"slot\",\"phase\":\"model\",\"from\":2,\"to\":4}\n",
         "f:3"},
        {HEAD "{\"t\":\"count\",\"phase\":\"model\",\"at\":2,\"up\":5}\n"
              "{\"t\":\"count\",\"phase\":\"model\",\"at\":3,\"up\":4}\n",
         "counts that go back"},
        {HEAD "{\"t\":\"slot\",\"phase\":\"model\",\"from\":1,\"to\":99999999999999999}\n", "f:2"},
        {"{\"t\":\"trial\",\"v\":2,\"server\":\"192.0.2.1:443\"}\n", "another release"},
        {"{\"t\":\"trial\",\"v\":1,\"server\":\"nowhere\"}\n", "no ADDR:PORT"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct tm_trial t;
        struct tm_msg msg = {""};
        CHECK(read_text(&t, CASES[i].text, &msg) < 0);
        CHECK(strstr(msg.text, CASES[i].says) != NULL);
        CHECK(t.phase[0].counts == NULL && t.server_text[0] == '\0');
    }
}

static void slots_and_counts_are_bounded(void)
{
    static char text[TM_TRIAL_COUNTS_MAX * 80];
    struct tm_trial t;
    struct tm_msg msg = {""};
    size_t at = (size_t)sprintf(text, "%s", HEAD);
    for (unsigned i = 0; i <= TM_TRIAL_SLOTS_MAX; i++)
        at += (size_t)sprintf(
            text + at, "{\"t\":\"slot\",\"phase\":\"model\",\"from\":%u,\"to\":%u,\"on\":true}\n",
            i, i + 1);
    CHECK_INT(read_text(&t, text, &msg), TM_ERR_LIMIT);
    at = (size_t)sprintf(text, "%s", HEAD);
    for (unsigned i = 0; i <= TM_TRIAL_COUNTS_MAX; i++)
        at +=
            (size_t)sprintf(text + at, "{\"t\":\"count\",\"phase\":\"model\",\"at\":%u}\n", i + 1);
    CHECK_INT(read_text(&t, text, &msg), TM_ERR_LIMIT);
}

static void mutations_do_no_harm(void)
{
    char text[sizeof TEXT];
    for (size_t i = 0; i + 1 < sizeof TEXT; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct tm_trial t;
            struct tm_msg msg;
            memcpy(text, TEXT, sizeof TEXT);
            text[i] = (char)(text[i] ^ (1 << bit));
            if (tm_trial_read(&t, text, sizeof TEXT - 1, "f", &msg) == TM_OK)
                tm_trial_deinit(&t);
        }
        struct tm_trial t;
        struct tm_msg msg;
        if (tm_trial_read(&t, TEXT, i, "f", &msg) == TM_OK)
            tm_trial_deinit(&t);
    }
}

static const struct check_case CASES[] = {
    {"a_log_is_read", a_log_is_read},
    {"what_is_no_log_is_refused", what_is_no_log_is_refused},
    {"slots_and_counts_are_bounded", slots_and_counts_are_bounded},
    {"mutations_do_no_harm", mutations_do_no_harm},
};
CHECK_MAIN("audit/prove/trial", CASES)
