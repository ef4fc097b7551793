#!/usr/bin/env python3
"""Tests of scripts/record: how sessions start, which server an address means, what people draw and type, and the
browser's protocol.  No network, no programs, no sleeping: clocks and pipes are the tests' own.

  record_people_test.py ROOT
"""
import asyncio
import base64
import contextlib
import ipaddress
import json
import math
import os
import random
import re
import statistics
import sys
import tempfile
import types
import unittest
import unittest.mock

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("recorder", "common")]

import browsing  # noqa: E402
import cdp  # noqa: E402
import chat  # noqa: E402
import mail  # noqa: E402
import pki  # noqa: E402
import plan  # noqa: E402
import run  # noqa: E402
import shell  # noqa: E402
import sites  # noqa: E402
import world  # noqa: E402


class Starting(unittest.TestCase):
    def runner(self, module=None):
        env = types.SimpleNamespace(modules={c: module for c in plan.CLASSES})
        return run.Runner(env, {c: plan.sessions_of(c, 1, 4, 8) for c in ("https-chat", "smtp")}, None)

    def test_the_class_furthest_below_its_share_starts_next(self):
        r = self.runner()
        r.running = {"https-chat": 60, "smtp": 4}
        self.assertEqual(r._next_class(), "smtp")
        r.running = {"https-chat": 60, "smtp": 6}
        self.assertEqual(r._next_class(), "https-chat")
        r.running = {"https-chat": plan.PARALLEL["https-chat"], "smtp": 6}
        self.assertEqual(r._next_class(), "smtp")
        r.not_before["smtp"] = math.inf
        self.assertIsNone(r._next_class())

    def test_a_session_that_breaks_loses_all_its_connections_and_no_other(self):
        async def breaks(session, _):
            session.load()
            raise OSError("gone")
        r = self.runner(types.SimpleNamespace(run=breaks))
        s = r.pending["smtp"][0]
        before = plan.now_us()
        asyncio.run(r._session(s))
        (from_us, to_us, address), = s.failed
        self.assertTrue(before <= from_us <= s.loads[0] <= to_us <= plan.now_us())
        self.assertEqual((address, s.errors, r.running["smtp"], r.finished["smtp"]), (None, ["OSError: gone"], 0, [s]))


class Servers(unittest.TestCase):
    def test_the_address_says_which_server_is_meant(self):
        rules = re.findall(r"ip daddr & (\S+) == (\S+) tcp dport (\d+) dnat to :(\d+)", world.port_rules())

        def server(offset, port):
            address = int(ipaddress.ip_address(plan.PATHS[1].block[64 * 5 + offset]))
            for mask, value, at, to in rules:
                if int(at) == port and address & int(ipaddress.ip_address(mask)) == int(ipaddress.ip_address(value)):
                    return int(to)
            return port
        for offset in range(64):
            https = 443 if offset < plan.OFFSET_HTTP1 else 8443 if offset < plan.OFFSET_CHAT else 9443
            self.assertEqual([server(offset, p) for p in (443, 22, 25)], [https, 2200 + offset % 3, 2500 + offset % 6])

    def test_every_host_has_an_address_of_its_own_that_the_browser_is_told(self):
        s = plan.sessions_of("https-browsing", 1, 4, 8)[0]
        self.assertEqual(len(set(sites.HOSTS.values())), len(sites.HOSTS))
        self.assertTrue(plan.OFFSET_HTTP1 <= sites.HOSTS["www.gimp.test"] < plan.OFFSET_CHAT)
        self.assertLess(sites.HOSTS["www.python.test"], plan.OFFSET_HTTP1)
        rules = browsing.resolver_rules(s).split(",")
        self.assertEqual(rules[-1], "MAP * ~NOTFOUND")
        told = {r.split()[1]: ipaddress.ip_address(r.split()[2]) for r in rules[:-1]}
        self.assertEqual(told, {h: s.network[o] for h, o in sites.HOSTS.items()})

    def test_pages_take_pictures_styles_and_scripts_from_their_own_hosts(self):
        page = ('<link href="../s/a.css?v=1"><script src="/js/jquery.js"></script><img src="p.png">'
                '<img src="http://else/x.png"><a href="next.html">n</a></body>')
        got = sites._rewrite(page, "qt", "d/e/f.html", 321)
        self.assertIn('href="//static.qt.test/d/s/a.css?v=1"', got)
        self.assertIn('src="//cdn.test/qt/js/jquery.js"', got)
        self.assertIn('src="//img.qt.test/d/e/p.png"', got)
        self.assertIn('src="http://else/x.png"', got)
        self.assertIn('href="next.html"', got)
        self.assertRegex(got, r'//metrics\.test/v.*repeat\(321\).*</script></body>$')


class World(unittest.TestCase):
    """What two recordings have in common, whatever their seeds."""

    def test_what_the_servers_drew_is_always_the_same(self):
        confs = {sites._conf("work", sites.drawn("keepalive"), 0) for _ in range(2)}
        self.assertEqual(len(confs), 1)
        self.assertGreater(len(set(re.findall(r"keepalive_timeout (\d+)s", confs.pop()))), 3)
        self.assertNotEqual(sites.drawn("files").random(), sites.drawn("overlay").random())

    def certificate(self, n_signature, n_body):
        """The outer form of one: body, algorithm, signature."""
        def part(tag, content):
            n = len(content)
            return bytes([tag, n]) + content if n < 128 else bytes([tag, 0x82, n >> 8, n & 255]) + content

        der = part(0x30, part(0x30, bytes(n_body)) + part(0x30, bytes(10)) + part(3, bytes(1 + n_signature)))
        return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"

    def test_the_length_of_a_signature_is_read_from_its_certificate(self):
        for n_signature, n_body in ((71, 300), (70, 20), (256, 600), (512, 127), (72, 128)):
            self.assertEqual(pki.signature_bytes(self.certificate(n_signature, n_body)), n_signature)

    def test_a_certificate_is_signed_again_until_it_has_its_usual_length(self):
        with tempfile.TemporaryDirectory() as directory:
            lengths, serials = [70, 72, 71, 71], []

            def openssl(*argv):
                serials.append(argv[argv.index("-set_serial") + 1])
                with open(argv[argv.index("-out") + 1], "w", encoding="ascii") as f:
                    f.write(self.certificate(lengths.pop(0), 300))

            with unittest.mock.patch.object(pki, "sh", openssl):
                pki._sign(directory, "www.qt.test", "ec", 300)
                self.assertEqual(lengths, [71])
                lengths += [256] * pki.TRIES
                pki._sign(directory, "www.qt.test", "ec", 300)
                with self.assertRaises(world.WorldError):
                    pki._sign(directory, "img.qt.test", "ec", 300)
            self.assertEqual(len(set(serials)), 2)
            self.assertTrue(all(re.fullmatch("0x5[0-9a-f]{39}", s) for s in serials))


class Sleeps:
    """Stands in for a module's asyncio: writes down how long somebody would have slept."""

    def __init__(self, module):
        self.slept = []
        self.patch = unittest.mock.patch.object(module.asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds):
        self.slept.append(seconds)

    def __enter__(self):
        self.patch.start()
        return self.slept

    def __exit__(self, *_):
        self.patch.stop()


class People(unittest.TestCase):
    def test_typists_differ_within_limits_and_one_person_types_alike_in_all_windows(self):
        typists = [shell.Terminal(s) for s in plan.sessions_of("ssh-interactive", 1, 200, 1000)]
        means = [t.mean_ms for t in typists]
        self.assertTrue(80 <= min(means) < 120 and 400 < max(means) <= 600)
        self.assertAlmostEqual(statistics.mean(means), 242, delta=25)
        self.assertTrue(all(0.45 <= t.sigma <= 0.75 for t in typists))
        s = typists[0].session
        a, b = shell.Terminal(s.window(0)), shell.Terminal(s.window(1))
        self.assertEqual((a.mean_ms, a.sigma), (b.mean_ms, b.sigma))

    def test_what_is_typed_arrives_after_corrections_at_the_speed_of_the_typist(self):
        t = shell.Terminal(plan.sessions_of("ssh-interactive", 1, 4, 20)[0].window(0))
        t.mean_ms, t.sigma, keys = 200, 0.6, []
        t._key = keys.append
        text = "the quick brown fox\r" * 150
        with Sleeps(shell) as slept:
            asyncio.run(t.type(text))
        shown = []
        for k in keys:
            if k == b"\x7f":
                shown.pop()
            else:
                shown.append(k)
        self.assertEqual(b"".join(shown).decode(), text)
        n_wrong = keys.count(b"\x7f")
        self.assertTrue(0.015 < n_wrong / sum(c.isalpha() for c in text) < 0.05, n_wrong)
        self.assertEqual(len(slept), len(keys))
        self.assertTrue(0.01 < min(slept) and max(slept) <= 3.2)
        self.assertAlmostEqual(statistics.mean(slept), 0.2, delta=0.015)

    def test_chat_frames_are_read_as_they_were_written_however_they_are_cut(self):
        async def read(data, step):
            reader, out = asyncio.StreamReader(), []

            async def listen():
                with contextlib.suppress(asyncio.IncompleteReadError):
                    while True:
                        out.append(await chat.read_frame(reader))
            listener = asyncio.create_task(listen())
            for i in range(0, len(data), step):
                await asyncio.sleep(0)
                reader.feed_data(data[i:i + step])
            reader.feed_eof()
            await listener
            return out
        sizes = [(chat.HELLO, 300), (chat.BEAT, 24), (chat.TEXT, 121), (chat.PICTURE, 45000), (chat.BEATEN, 16)]
        frames = [chat.frame(kind, size) for kind, size in sizes]
        self.assertEqual([len(f) for f in frames], [size for _, size in sizes])
        for step in (7, 1000, 10**6):
            self.assertEqual(asyncio.run(read(b"".join(frames), step)), [kind for kind, _ in sizes])

    def test_chat_messages_have_their_sizes_and_typing_takes_its_time(self):
        rng, written = random.Random(1), []

        async def drain():
            pass
        writer = types.SimpleNamespace(write=written.append, drain=drain)
        notices, messages, seconds = [], [], []
        for _ in range(2000):
            del written[:]
            with Sleeps(chat) as slept:
                asyncio.run(chat.type_and_send(rng, writer))
            notices += [(f[4], len(f)) for f in written[:-1]]
            messages.append((written[-1][4], len(written[-1])))
            seconds.append(sum(slept))
            if messages[-1][0] == chat.TEXT:
                self.assertAlmostEqual(seconds[-1], min(12, (messages[-1][1] - 120) / 5))
        self.assertEqual(set(notices), {(chat.TYPING, 70)})
        texts = [n - 120 for kind, n in messages if kind == chat.TEXT]
        pictures = [n for kind, n in messages if kind == chat.PICTURE]
        self.assertEqual(len(texts) + len(pictures), 2000)
        self.assertAlmostEqual(len(pictures) / 2000, 1 / 14, delta=0.02)
        self.assertAlmostEqual(statistics.median(texts), 45, delta=4)
        self.assertAlmostEqual(statistics.median(pictures), 45000, delta=9000)
        self.assertLessEqual(max(seconds), 12)

    def test_letters_have_their_sizes(self):
        s = plan.sessions_of("smtp", 1, 4, 8)[0]
        sizes = [len(mail.message(s).as_bytes()) for _ in range(300)]
        self.assertAlmostEqual(statistics.median(sizes), 4200, delta=900)
        self.assertGreater(max(sizes), 30000)
        self.assertAlmostEqual(sum(share for _, share in mail.SENDERS), 1)

    def test_the_relay_s_log_is_read_in_pieces_and_lines_count_when_they_are_whole(self):
        text = b"x smtp[7]: 4AB1: to=<a@b>, relay=c, status=sent (250)\nx smtp[7]: 4AB2: to=<a@b>, status=deferred (r)\n"
        for cut in range(len(text)):
            with tempfile.NamedTemporaryFile() as f:
                f.write(text[:cut])
                f.flush()
                log = mail.RelayLog(f.name)
                self.assertEqual(log.look("4AB1"), "sent" if cut > text.index(b"\n") else None)
                f.write(text[cut:])
                f.flush()
                self.assertEqual((log.look("4AB1"), log.look("4AB2"), log.look("4AB")), ("sent", "deferred", None))


class DevTools(unittest.IsolatedAsyncioTestCase):
    """The browser's end of the pipes is ours."""

    def setUp(self):
        self.browser = cdp.Browser()
        self.browser.page = "P"
        self.browser._read_fd, self.theirs = os.pipe()
        self.asked, self.browser._write_fd = os.pipe()
        os.set_blocking(self.browser._read_fd, False)
        for fd in (self.browser._read_fd, self.asked, self.browser._write_fd):
            self.addCleanup(os.close, fd)
        self.addCleanup(self.leave)

    def leave(self):
        if self.theirs is not None:
            os.close(self.theirs)
        self.theirs = None

    async def begin(self, awaitable):
        """Starts a call; the messages that reached the browser."""
        task = asyncio.ensure_future(awaitable)
        await asyncio.sleep(0)
        data = os.read(self.asked, 65536)
        self.assertTrue(data.endswith(b"\0"))
        return task, [json.loads(m) for m in data[:-1].split(b"\0")]

    def tell(self, *pieces):
        for data in pieces:
            os.write(self.theirs, data)
            self.browser._readable()

    async def test_answers_find_their_calls_however_they_are_cut(self):
        whole = b'{"id":%d,"result":{"v":2}}\0{"method":"Page.x"}\0{"id":%d,"result":{"v":1}}\0'
        for cut in range(len(whole) - 3):
            one, asked1 = await self.begin(self.browser.call("A.b", {"u": "\u00e9"}))
            two, asked2 = await self.begin(self.browser.call("C.d", page=False))
            self.assertEqual([(m["method"], m["params"], m.get("sessionId")) for m in asked1 + asked2], [
                ("A.b", {"u": "\u00e9"}, "P"), ("C.d", {}, None)])
            first, second = (asked2, asked1) if cut % 2 else (asked1, asked2)
            text = whole % (first[0]["id"], second[0]["id"])
            self.tell(*(x for x in (text[:cut], text[cut:]) if x))
            self.assertEqual((await one, await two), ({"v": 1 + (first is asked1)}, {"v": 1 + (first is asked2)}))

    async def test_a_refusal_and_the_end_of_the_browser_are_errors(self):
        call, asked = await self.begin(self.browser.call("A.b"))
        self.tell(b'{"id":%d,"error":{"message":"no such thing"}}\0' % asked[0]["id"])
        with self.assertRaisesRegex(cdp.BrowserError, "no such thing"):
            await call
        call, _ = await self.begin(self.browser.call("A.b"))
        self.leave()
        self.browser._readable()
        with self.assertRaisesRegex(cdp.BrowserError, "went away"):
            await call

    async def test_a_visit_is_good_when_the_page_loaded(self):
        page = b'{"loaderId":"A"}'
        for answer, event, good in ((page, self.event(b"load", b"A"), True), (page, b"", False),
                                    (page, self.event(b"load", b"B"), False), (page, self.event(b"init", b"A"), False),
                                    (b'{"errorText":"net::ERR"}', self.event(b"load", b"A"), False)):
            visit, asked = await self.begin(self.browser.visit("https://www.qt.test/", 30 if good else 0))
            self.assertEqual((asked[0]["method"], asked[0]["params"]), ("Page.navigate", {"url": "https://www.qt.test/"}))
            self.tell(b'{"id":%d,"result":%s}\0' % (asked[0]["id"], answer) + event)
            self.assertEqual(await visit, good)

    async def test_a_page_before_does_not_count_as_loaded(self):
        self.tell(self.event(b"load", b"A"))
        visit, asked = await self.begin(self.browser.visit("https://www.qt.test/", 30))
        self.tell(b'{"id":%d,"result":{"loaderId":"B"}}\0' % asked[0]["id"], self.event(b"load", b"A"))
        for _ in range(10):
            await asyncio.sleep(0)
        self.assertFalse(visit.done())
        self.tell(self.event(b"load", b"B"))
        self.assertTrue(await visit)

    @staticmethod
    def event(name, loader):
        return b'{"method":"Page.lifecycleEvent","params":{"name":"%s","loaderId":"%s"}}\0' % (name, loader)


if __name__ == "__main__":
    unittest.main()
