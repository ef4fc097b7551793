#include "trial/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"

static char path[] = "/tmp/tm-trial-input.XXXXXX";

/* A file of its own for each test, which removes it. */
static void write_file(const char *text)
{
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK_INT(close(fd), 0);
}

static int load(const char *text, struct tm_mbsim_trace *t, struct tm_msg *msg)
{
    *t = (struct tm_mbsim_trace){.n = 0};
    write_file(text);
    const int rc = tm_trial_load_trace(t, path, TM_TRIAL_PAYLOAD, msg);
    CHECK_INT(unlink(path), 0);
    return rc;
}

static void a_text_is_sorted_and_begins_at_0(void)
{
    struct tm_mbsim_trace t;
    CHECK_INT(load("70,r,2\n50,s,1\n", &t, NULL), TM_OK);
    CHECK_INT(t.n, 2);
    CHECK_INT(t.packets[0].t_ns, 0);
    CHECK(t.packets[0].is_sent);
    CHECK_INT(t.packets[1].t_ns, 20);
    tm_mbsim_trace_deinit(&t);
}

static void messages_name_the_file(void)
{
    struct tm_mbsim_trace t;
    struct tm_msg msg = {""};
    CHECK_INT(load("0,s\n1,x\n", &t, &msg), TM_ERR_FORMAT);
    CHECK(strncmp(msg.text, path, strlen(path)) == 0 && strstr(msg.text, ": line 2: "));
    tm_mbsim_trace_deinit(&t);
    CHECK_INT(load("nothing here\n", &t, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, ": no packets"));
    tm_mbsim_trace_deinit(&t);
    CHECK_INT(tm_trial_load_trace(&t, "/nonexistent/trace", TM_TRIAL_PAYLOAD, &msg), TM_ERR_IO);
    CHECK_STR(msg.text, "/nonexistent/trace: No such file or directory");
}

static int load_capture(const char *name, enum tm_trial_take take, struct tm_mbsim_trace *t)
{
    *t = (struct tm_mbsim_trace){.n = 0};
    return tm_trial_load_trace(t, name, take, NULL);
}

/* A connection of SMTP, 6 packets each way. */
static void a_capture_is_told_by_content(void)
{
    static const char smtp[] = "data/captures/smtp/suricata-smtp-errors.pcap";
    struct tm_mbsim_trace t;
    CHECK_INT(load_capture(smtp, TM_TRIAL_IP, &t), TM_OK);
    CHECK_INT(t.n, 12);
    CHECK(t.packets[0].is_sent && !t.packets[1].is_sent);
    CHECK_INT(t.packets[0].t_ns, 0);
    CHECK(t.packets[0].size_bytes >= 40);
    tm_mbsim_trace_deinit(&t);
    CHECK_INT(load_capture("data/captures/https/vast-vlan.pcap.gz", TM_TRIAL_IP, &t), TM_OK);
    CHECK_INT(t.n, 1000);
    tm_mbsim_trace_deinit(&t);
}

static void packets_without_payload_do_not_count(void)
{
    static const char smtp[] = "data/captures/smtp/suricata-smtp-errors.pcap";
    struct tm_mbsim_trace t;
    CHECK_INT(load_capture(smtp, TM_TRIAL_PAYLOAD, &t), TM_OK);
    CHECK(t.n > 0 && t.n < 12);
    for (size_t i = 0; i < t.n; i++)
        CHECK(t.packets[i].size_bytes > 0);
    CHECK_INT(t.packets[0].t_ns, 0);
    tm_mbsim_trace_deinit(&t);
}

static int load_machines(const char *text, struct tm_trial_machines *m, struct tm_msg *msg)
{
    write_file(text);
    const int rc = tm_trial_load_machines(m, path, msg);
    CHECK_INT(unlink(path), 0);
    return rc;
}

static void machines_come_one_a_line(void)
{
    struct tm_trial_machines m;
    CHECK_INT(load_machines("# the machine that does nothing\n02eNpjYEAHjOgCAAA0AAI=\r\n\n"
                            "02eNpjYEAHjOgCAAA0AAI=",
                            &m, NULL),
              TM_OK);
    CHECK_INT(m.n, 2);
    tm_trial_machines_deinit(&m);
    CHECK_INT(load_machines("", &m, NULL), TM_OK);
    CHECK_INT(m.n, 0);
    tm_trial_machines_deinit(&m);
}

static void a_bad_machine_is_named_by_its_line(void)
{
    struct tm_trial_machines m;
    struct tm_msg msg = {""};
    CHECK_INT(load_machines("02eNpjYEAHjOgCAAA0AAI=\n03xyz\n", &m, &msg), TM_ERR_UNSUPPORTED);
    CHECK(strncmp(msg.text + strlen(path), ":2: ", 4) == 0);
    CHECK_INT(m.n, 1);
    tm_trial_machines_deinit(&m);
}

static const struct check_case cases[] = {
    {"a_text_is_sorted_and_begins_at_0", a_text_is_sorted_and_begins_at_0},
    {"messages_name_the_file", messages_name_the_file},
    {"a_capture_is_told_by_content", a_capture_is_told_by_content},
    {"packets_without_payload_do_not_count", packets_without_payload_do_not_count},
    {"machines_come_one_a_line", machines_come_one_a_line},
    {"a_bad_machine_is_named_by_its_line", a_bad_machine_is_named_by_its_line},
};

CHECK_MAIN("trial/input", cases)
