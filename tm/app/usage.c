/* tm/app/usage.c - see usage.h. */
#include "tm/app/usage.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tm/app/file.h"
#include "tm/app/kv.h"
#include "tm/base/buf.h"

#define KIND   "trafficmimic-usage"
#define FOLDER "usage"

enum { N_FIELDS = 3, TEXT_MAX = 256 };

static void list_fields(struct tm_kv_field f[N_FIELDS], struct tm_usage *u)
{
    f[0] = (struct tm_kv_field){"seen", TM_KV_NUMBER, &u->seen_s, 0, false};
    f[1] = (struct tm_kv_field){"month", TM_KV_NUMBER, &u->month, 0, false};
    f[2] = (struct tm_kv_field){"bytes", TM_KV_NUMBER, &u->bytes, 0, false};
}

int64_t tm_usage_month(int64_t now_s)
{
    time_t t = (time_t)now_s;
    struct tm tm;
    return gmtime_r(&t, &tm) != NULL ? (tm.tm_year + 1900L) * 100 + tm.tm_mon + 1 : 0;
}

void tm_usage_add(struct tm_usage *u, uint64_t bytes, int64_t now_s)
{
    int64_t month = tm_usage_month(now_s);
    if (month > u->month) {
        u->month = month;
        u->bytes = 0;
    }
    if (bytes > INT64_MAX || __builtin_add_overflow(u->bytes, (int64_t)bytes, &u->bytes))
        u->bytes = INT64_MAX;
    u->seen_s = now_s > u->seen_s ? now_s : u->seen_s;
}

int64_t tm_usage_bytes(const struct tm_usage *u, int64_t now_s)
{
    return u->month >= tm_usage_month(now_s) ? u->bytes : 0;
}

static int id_path(char out[TM_FILE_PATH_MAX], const char *dir, const uint8_t *id,
                   struct tm_msg *msg)
{
    char text[TM_SERVER_ID_TEXT];
    tm_server_id_print(text, id);
    return tm_file_path(out, dir, FOLDER, text, msg);
}

int tm_usage_make_dir(const char *dir, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_path(path, dir, FOLDER, NULL, msg);
    return rc == TM_OK ? tm_file_make_dir(path, msg) : rc;
}

int tm_usage_load(struct tm_usage *u, const char *dir, const uint8_t id[TM_CLIENT_ID_LEN],
                  struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[N_FIELDS];
    struct tm_msg why;
    char *text = NULL;
    size_t len = 0;
    memset(u, 0, sizeof *u);
    int rc = id_path(path, dir, id, msg);
    if (rc == TM_OK)
        rc = tm_file_load(path, &text, &len, msg);
    if (rc != TM_OK)
        return rc == TM_ERR_CLOSED ? TM_OK : rc;
    list_fields(f, u);
    rc = tm_kv_read(&(struct tm_kv){.kind = KIND, .fields = f, .n_fields = N_FIELDS}, text, len,
                    &why);
    tm_file_free(text, len);
    if (rc == TM_OK)
        return rc;
    memset(u, 0, sizeof *u);
    return tm_msg_set(msg, rc, "%.200s: %.200s; remove it, and counting begins anew", path,
                      why.text);
}

int tm_usage_save(const struct tm_usage *u, const char *dir, const uint8_t id[TM_CLIENT_ID_LEN],
                  struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX], text[TEXT_MAX];
    struct tm_usage copy = *u;
    struct tm_kv_field f[N_FIELDS];
    struct tm_wr w = tm_wr_init(text, sizeof text);
    int rc = id_path(path, dir, id, msg);
    if (rc != TM_OK)
        return rc;
    list_fields(f, &copy);
    tm_kv_write(&(struct tm_kv){.kind = KIND, .fields = f, .n_fields = N_FIELDS}, &w);
    TM_ASSERT(tm_wr_ok(&w));
    return tm_file_replace(path, text, w.len, msg);
}

void tm_usage_forget(const char *dir, const uint8_t id[TM_CLIENT_ID_LEN])
{
    char path[TM_FILE_PATH_MAX];
    if (id_path(path, dir, id, NULL) == TM_OK)
        (void)unlink(path);
}
