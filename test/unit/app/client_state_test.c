/* test/unit/app/client_state_test.c - the client's file: round trip, damage, digests. */
#include "tm/app/client_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static void fill(struct tm_client_state *s)
{
    memset(s, 0, sizeof *s);
    strcpy(s->host, "2001:db8::1");
    s->port = 443;
    strcpy(s->name, "www.example.org");
    memset(s->pin, 1, sizeof s->pin);
    memset(s->client_id, 2, sizeof s->client_id);
    memset(s->secret, 3, sizeof s->secret);
    memset(&s->token, 4, sizeof s->token);
    s->n_models = 2;
    strcpy(s->models[0].name, "https");
    memset(s->models[0].digest, 0x55, TM_TOKEN_DIGEST_LEN);
    strcpy(s->models[1].name, "constant");
    memset(s->models[1].digest, 0x66, TM_TOKEN_DIGEST_LEN);
}

static struct tm_client_state s, back;
static char text[TM_CLIENT_STATE_TEXT_MAX];

static size_t encode(void)
{
    struct tm_wr w = tm_wr_init(text, sizeof text);
    tm_client_state_encode(&s, &w);
    CHECK(tm_wr_ok(&w));
    return w.len;
}

static void state_round_trips(void)
{
    fill(&s);
    CHECK_INT(tm_client_state_decode(&back, text, encode(), NULL), TM_OK);
    CHECK_MEM(&back, &s, sizeof s);
    s.name[0] = '\0';
    memset(s.name, 0, sizeof s.name);
    s.n_models = 0;
    memset(s.models, 0, sizeof s.models);
    CHECK_INT(tm_client_state_decode(&back, text, encode(), NULL), TM_OK);
    CHECK_MEM(&back, &s, sizeof s);
}

static void the_largest_state_fits(void)
{
    fill(&s);
    memset(s.host, 'h', TM_LINK_HOST_MAX);
    memset(s.name, 'n', TM_LINK_NAME_MAX);
    s.n_models = TM_JOIN_MODELS_MAX;
    for (size_t i = 0; i < s.n_models; i++) {
        memset(s.models[i].name, 0, sizeof s.models[i].name);
        memset(s.models[i].name, 'm', TM_MODEL_NAME_MAX);
    }
    CHECK_INT(tm_client_state_decode(&back, text, encode(), NULL), TM_OK);
    CHECK_MEM(&back, &s, sizeof s);
}

static void every_prefix_is_refused_or_lacks_models_only(void)
{
    fill(&s);
    size_t len = encode();
    for (size_t n = 0; n < len; n++) {
        int rc = tm_client_state_decode(&back, text, n, NULL);
        /* Cut exactly behind the keys or a model's line. */
        bool whole_lines =
            n > 0 && text[n - 1] == '\n' && strstr(text, "token-key ") + 75 <= text + n;
        CHECK_INT(rc == TM_OK, whole_lines);
    }
}

static void mutations_never_pass_the_limits(void)
{
    fill(&s);
    size_t len = encode();
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            int rc = tm_client_state_decode(&back, text, len, NULL);
            if (rc == TM_OK) {
                CHECK(back.port >= 1 && back.port <= 65535);
                CHECK(back.n_models <= TM_JOIN_MODELS_MAX);
            } else {
                CHECK(rc == TM_ERR_FORMAT || rc == TM_ERR_UNSUPPORTED);
                CHECK_INT(back.port, 0);
            }
            text[i] = (char)(text[i] ^ 1 << bit);
        }
}

static void file_is_written_once_and_must_be_private(void)
{
    char dir[64], path[128];
    struct tm_msg msg;
    temp_dir_make(dir);
    fill(&s);
    CHECK_INT(tm_client_state_load(&back, dir, &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "enrol first: tm-client join LINK --state") != NULL);
    CHECK_INT(tm_client_state_create(&s, dir, NULL), TM_OK);
    CHECK_INT(tm_client_state_create(&s, dir, NULL), TM_ERR_CLOSED);
    CHECK_INT(tm_client_state_load(&back, dir, NULL), TM_OK);
    CHECK_MEM(&back, &s, sizeof s);
    snprintf(path, sizeof path, "%s/server", dir);
    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(tm_client_state_load(&back, dir, &msg), TM_ERR_AUTH);
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_INT(truncate(path, 100), 0);
    CHECK_INT(tm_client_state_load(&back, dir, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "join again with a new link") != NULL);
    temp_dir_remove(dir);
}

static void directory_that_others_may_enter_is_refused(void)
{
    char dir[64];
    struct tm_msg msg;
    temp_dir_make(dir);
    fill(&s);
    CHECK_INT(tm_client_state_create(&s, dir, NULL), TM_OK);
    CHECK_INT(chmod(dir, 0750), 0);
    CHECK_INT(tm_client_state_load(&back, dir, &msg), TM_ERR_AUTH);
    CHECK(strstr(msg.text, "run: chmod 700") != NULL);
    CHECK_INT(chmod(dir, 0700), 0);
    CHECK_INT(tm_client_state_load(&back, dir, &msg), TM_OK);
    temp_dir_remove(dir);
}

static const struct check_case cases[] = {
    {"state_round_trips", state_round_trips},
    {"the_largest_state_fits", the_largest_state_fits},
    {"every_prefix_is_refused_or_lacks_models_only", every_prefix_is_refused_or_lacks_models_only},
    {"mutations_never_pass_the_limits", mutations_never_pass_the_limits},
    {"file_is_written_once_and_must_be_private", file_is_written_once_and_must_be_private},
    {"directory_that_others_may_enter_is_refused", directory_that_others_may_enter_is_refused},
};
CHECK_MAIN("client_state", cases)
