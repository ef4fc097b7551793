"""smtp: mail over STARTTLS to postfix, from five kinds of senders: a postfix relay, smtplib, msmtp, curl and swaks.

Each server namespace has one postfix with six personalities (port, name, banner, certificate, pause before it
answers a recipient), reached by address.  Messages are texts and attachments of log-normal size, median 4 kB, sigma 1.4.
"""
import asyncio
import base64
import email.message
import os
import re
import smtplib
import ssl

from plan import N_SMTP, PATHS
from world import sh

SENDERS = [("relay", 0.42), ("smtplib", 0.23), ("msmtp", 0.13), ("curl", 0.13), ("swaks", 0.09)]
NAMES = ["mx.alpha.test", "mail.beta.test", "smtp-in.gamma.test", "mx1.delta.test", "inbound.epsilon.test", "mta7.zeta.test"]
BANNERS = ["$myhostname ESMTP Postfix", "$myhostname ESMTP Postfix (Debian/GNU)", "$myhostname ESMTP",
           "$myhostname ESMTP ready at your service, no unsolicited mail", "$myhostname ESMTP Postfix (2.11)",
           "$myhostname Microcorp ESMTP gateway, authorised use only; all sessions are logged"]
SERVER_OFFSETS = range(8 * N_SMTP, 9 * N_SMTP)  # of a session's prefix
DELIVERED = re.compile(rb"\b([0-9A-Za-z]+): to=<[^>]*>.*status=(\w+)")


def domain_of(address):
    return f"h-{address.replace('.', '-')}.customer.test"


def rsa_hosts():
    return {name: i % 2 == 0 for i, name in enumerate(NAMES)}


def _master(rows):
    base = ["cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce",
            "proxymap unix - - n - - proxymap", "smtp unix - - n - 40 smtp", "relay unix - - n - - smtp",
            "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard",
            "tlsmgr unix - - n 1000? 1 tlsmgr", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
            "local unix - n n - - local", "postlog unix-dgram n - n - 1 postlogd", "showq unix n - n - - showq",
            "flush unix n - n 1000? 0 flush", "verify unix - - n - 1 verify"]
    return "\n".join(rows + base) + "\n"


def _instance(env, name, namespace, settings, rows):
    """Writes an instance's configuration and starts it in the foreground of its namespace."""
    top = f"{env.work}/{name}"
    os.makedirs(f"{top}/etc")
    os.makedirs(f"{top}/queue")
    os.makedirs(f"{top}/data")
    sh("chown", "postfix", f"{top}/data")
    base = {"compatibility_level": "3.6", "queue_directory": f"{top}/queue", "data_directory": f"{top}/data",
            "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin", "maillog_file": "/dev/stdout",
            "mydestination": "", "alias_maps": "", "local_recipient_maps": "", "mynetworks": "0.0.0.0/0",
            "inet_protocols": "ipv4", "smtpd_client_connection_rate_limit": "0", "smtp_connection_cache_on_demand": "no",
            "smtpd_client_connection_count_limit": "0", "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native",
            "append_dot_mydomain": "no", "biff": "no", "message_size_limit": "20000000",
            "smtpd_peername_lookup": "no"}
    with open(f"{top}/etc/main.cf", "w", encoding="utf-8") as f:
        f.writelines(f"{k} = {v}\n" for k, v in {**base, **settings}.items())
    with open(f"{top}/etc/master.cf", "w", encoding="utf-8") as f:
        f.write(_master(rows))
    for table in ("dynamicmaps.cf", "postfix-files"):
        if os.path.exists(f"/etc/postfix/{table}"):
            sh("cp", f"/etc/postfix/{table}", f"{top}/etc/")
    # postfix finds its configuration at the usual place, in a mount namespace that `ip netns exec` makes
    script = f"mount --bind {top}/etc /etc/postfix && exec postfix start-fg"
    if name == "relay":
        script = f"mount --bind {env.work}/hosts /etc/hosts && {script}"
    with open(f"{env.work}/log/{name}.out", "wb") as out:
        return env.world.spawn(name, ["sh", "-c", script], namespace, stdout=out)


def prepare(env):
    pki = f"{env.work}/pki"
    for path in PATHS:
        rows = []
        for i, name in enumerate(NAMES):
            rows.append(
                f"{2500 + i} inet n - n - 100 smtpd -o myhostname={name} -o {{smtpd_banner={BANNERS[i]}}} "
                f"-o smtpd_tls_chain_files={pki}/{name}.key,{pki}/{name}.chain"
                + (" -o {smtpd_recipient_restrictions=sleep 1,permit}" if i == 3 else ""))
        _instance(env, f"mx{path.number}", env.world.server(path), {
            "myhostname": "mx.test", "local_transport": "discard", "default_transport": "discard",
            "relay_transport": "discard", "smtpd_tls_security_level": "may",
            "smtpd_recipient_restrictions": "permit"}, rows)
    with open(f"{env.work}/hosts", "w", encoding="utf-8") as f:  # the relay finds a session's server by the recipient's domain
        f.write("127.0.0.1 localhost\n")
        for session in env.plan("smtp"):
            f.writelines(f"{a} {domain_of(a)}\n" for a in map(session.addr, SERVER_OFFSETS))
    _instance(env, "relay", env.world.client, {
        "myhostname": "out.office.test", "smtp_tls_security_level": "encrypt", "smtp_tls_CAfile": f"{pki}/root.pem", "inet_interfaces": "127.0.0.1",
        "smtp_bind_address_enforce": "no", "minimal_backoff_time": "600s", "queue_run_delay": "600s"},
        ["2525 inet n - n - 100 smtpd -o smtpd_recipient_restrictions=permit -o smtpd_tls_security_level=none"])
    env.relay_log = RelayLog(f"{env.work}/log/relay.out")
    env.mail_tls = ssl.create_default_context(cafile=f"{pki}/root.pem")
    env.mail_tls.check_hostname = False


class RelayLog:
    """What became of queued messages, read from the relay's log."""

    def __init__(self, path):
        self.path, self.at, self.status = path, 0, {}

    def look(self, queue_id):
        with open(self.path, "rb") as f:
            f.seek(self.at)
            data = f.read()
        data = data[:data.rfind(b"\n") + 1]
        self.at += len(data)
        for m in DELIVERED.finditer(data):
            self.status[m[1].decode()] = m[2].decode()
        return self.status.get(queue_id)


def message(session):
    rng, m = session.rng, email.message.EmailMessage()
    m["From"] = f"{rng.choice(['ana', 'ben', 'carla', 'dimitri'])}@office.test"
    m["To"] = f"{rng.choice(['info', 'sales', 'j.smith', 'orders'])}@customer.test"
    m["Subject"] = "Re: " + " ".join(rng.choice(["report", "invoice", "meeting", "draft", "question"]) for _ in range(3))
    n = int(min(1.5e6, session.rng.lognormvariate(8.3, 1.4)))
    body = base64.encodebytes(rng.randbytes(min(n, 6000) * 3 // 4)).decode()
    m.set_content(body)
    if n > 6000:
        m.add_attachment(rng.randbytes((n - 6000) * 3 // 4), maintype="application", subtype="octet-stream",
                         filename="attachment.bin")
    return m


async def _command(argv, data, env):
    p = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": f"{env.work}/home/mail"})
    await p.communicate(data)
    return p.returncode == 0


def _smtplib(host, port, tls, messages):
    """Blocking: run it in a thread.  The relay's queue id, or true."""
    queued = True
    with smtplib.SMTP(host, port, local_hostname="pc.office.test", timeout=60) as s:
        if tls:
            s.starttls(context=tls)
        for m, to in messages:
            s.ehlo_or_helo_if_needed()
            s.mail(m["From"])
            s.rcpt(to)
            code, text = s.data(m.as_bytes())
            if code != 250:
                return False
            found = re.search(rb"queued as (\w+)", text)
            queued = found[1].decode() if found else True
    return queued


async def _relay(env, address, m):
    to = f"{m['To'].addresses[0].username}@{domain_of(address)}"
    queue_id = await asyncio.to_thread(_smtplib, "127.0.0.1", 2525, None, [(m, to)])
    for _ in range(600 if queue_id else 0):
        await asyncio.sleep(0.1)
        status = env.relay_log.look(queue_id)
        if status:
            return status == "sent"
    return False


async def deliver(session, env, kind, address):
    """One mail connection; true when the server took the message."""
    m, root = message(session), f"{env.work}/pki/root.pem"
    sender, to = m["From"], str(m["To"])
    if kind == "relay":
        return await _relay(env, address, m)
    if kind == "smtplib":
        more = [message(session) for _ in range(session.rng.choice([0, 0, 0, 0, 1, 2]))]
        letters = [(x, str(x["To"])) for x in [m] + more]
        return bool(await asyncio.to_thread(_smtplib, address, 25, env.mail_tls, letters))
    if kind == "msmtp":
        argv = ["msmtp", "--host", address, "--port", "25", "--tls=on", "--tls-starttls=on", "--tls-certcheck=off",
                "--tls-trust-file=", "--auth=off", "--domain=laptop.office.test", "--from", sender, "--", to]
    elif kind == "curl":
        argv = ["curl", "-sS", "--url", f"smtp://{address}/pc.office.test", "--ssl-reqd", "--cacert", root, "-k",
                "--mail-from", sender, "--mail-rcpt", to, "-T", "-"]
    else:
        argv = ["swaks", "--server", address, "--tls", "--helo", "host.office.test", "--from", sender, "--to", to,
                "--data", "-", "--silent", "3"]
    return await _command(argv, m.as_bytes(), env)


async def run(session, env):
    """A sender writes to two or three servers, with one program nine times of ten."""
    rng = session.rng
    usual = rng.choices(*zip(*SENDERS))[0]
    servers = [rng.choice(SERVER_OFFSETS) for _ in range(rng.choice([1, 2, 3]))]
    for _ in range(session.n_connections):
        kind = usual if rng.random() < 0.9 else rng.choices(*zip(*SENDERS))[0]
        address = session.addr(rng.choice(servers))
        await session.action(deliver(session, env, kind, address), f"{kind} to {address}", address)
        await asyncio.sleep(session.pause(2, 0.8, 10))
