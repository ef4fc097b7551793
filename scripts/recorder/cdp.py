"""Chromium over the DevTools protocol through a pipe: JSON messages that end in NUL, on file descriptors 3 and 4."""
import asyncio
import json
import os
import signal

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--disable-extensions", "--disable-default-apps", "--disable-breakpad", "--remote-debugging-pipe",
         "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider"]


class BrowserError(Exception):
    """The browser is gone, or refused."""


class Browser:
    """One Chromium process of its own profile; all calls of one page."""

    def __init__(self):
        self.process = None
        self.page = None
        self.loaded = set()  # what loaded since the last visit began: loaders, as a late page is none of the next visit's
        self.has_loaded = asyncio.Event()
        self._next, self._waiting, self._buffer = 0, {}, b""
        self._read_fd = self._write_fd = None

    async def start(self, program, home, resolver_rules, more=()):
        """Starts it with HOME there and more options; every name outside the rules is not found."""
        child_read, self._write_fd = os.pipe()
        self._read_fd, child_write = os.pipe()

        def in_child():  # 3 and 4 may be in use by the pipes themselves
            a, b = os.dup(child_read), os.dup(child_write)
            while min(a, b) < 5:
                a, b = os.dup(a), os.dup(b)
            os.dup2(a, 3)
            os.dup2(b, 4)

        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": home}
        self.process = await asyncio.create_subprocess_exec(
            program, *FLAGS, f"--user-data-dir={home}/profile", f"--host-resolver-rules={resolver_rules}", *more, "about:blank",
            env=env, preexec_fn=in_child, pass_fds=(3, 4, child_read, child_write), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
        os.close(child_read)
        os.close(child_write)
        os.set_blocking(self._read_fd, False)
        asyncio.get_running_loop().add_reader(self._read_fd, self._readable)
        target = await self.call("Target.createTarget", {"url": "about:blank"}, page=False)
        attached = await self.call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}, page=False)
        self.page = attached["sessionId"]
        await self.call("Page.enable")
        await self.call("Page.setLifecycleEventsEnabled", {"enabled": True})

    def _readable(self):
        try:
            data = os.read(self._read_fd, 1 << 20)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(self._read_fd)
            for f in self._waiting.values():
                if not f.done():
                    f.set_exception(BrowserError("the browser went away"))
            return
        *messages, self._buffer = (self._buffer + data).split(b"\0")
        for m in messages:
            self._message(json.loads(m))

    def _message(self, m):
        if "id" in m:
            f = self._waiting.pop(m["id"], None)
            if f and not f.done():
                if "error" in m:
                    f.set_exception(BrowserError(m["error"].get("message", "?")))
                else:
                    f.set_result(m.get("result", {}))
        elif m.get("method") == "Page.lifecycleEvent" and m["params"]["name"] == "load":
            self.loaded.add(m["params"]["loaderId"])
            self.has_loaded.set()

    async def call(self, method, params=None, page=True):
        """One command and its answer, within 30 s."""
        self._next += 1
        message = {"id": self._next, "method": method, "params": params or {}}
        if page:
            message["sessionId"] = self.page
        f = self._waiting[self._next] = asyncio.get_running_loop().create_future()
        try:
            os.write(self._write_fd, json.dumps(message).encode() + b"\0")
        except OSError as e:
            raise BrowserError(str(e)) from e
        return await asyncio.wait_for(f, 30)

    async def visit(self, url, patience_s):
        """Navigates; true when the page (not an error page) loaded within the time."""
        self.loaded.clear()
        answer = await self.call("Page.navigate", {"url": url})
        if answer.get("errorText"):
            return False
        try:
            await asyncio.wait_for(self._loads(answer["loaderId"]), patience_s)
        except asyncio.TimeoutError:
            return False
        return True

    async def _loads(self, loader):
        while loader not in self.loaded:
            self.has_loaded.clear()
            await self.has_loaded.wait()

    async def close(self):
        """Asks it to end, then insists; its sockets close."""
        if not self.process:
            return
        try:
            await asyncio.wait_for(self.call("Browser.close", page=False), 5)
            await asyncio.wait_for(self.process.wait(), 5)
        except (BrowserError, asyncio.TimeoutError):
            pass
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._read_fd)
        os.close(self._read_fd)
        os.close(self._write_fd)
