"""A headless Chromium over its debugging pipe: no port, no package. Pages are opened in contexts of
their own (cookies are not shared), keys are pressed as a keyboard presses them."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--mute-audio", "--no-first-run",
         "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
         "--disable-backgrounding-occluded-windows", "--disable-background-networking"]
KEYS = {"Enter": ("Enter", 13, "\r"), " ": ("Space", 32, " "), "Tab": ("Tab", 9, ""),
        "ArrowLeft": ("ArrowLeft", 37, ""), "ArrowRight": ("ArrowRight", 39, ""),
        "ArrowDown": ("ArrowDown", 40, ""), "ArrowUp": ("ArrowUp", 38, "")}


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="needledrop-chromium.")
        to_browser, from_us = os.pipe()
        from_browser, to_us = os.pipe()
        # Descriptors 3 and 4 are the pipe; the shell puts ours there.
        command = 'exec "$@" 3<&%d 4>&%d 2>/dev/null' % (to_browser, to_us)
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", find(), *FLAGS, "--user-data-dir=" + self.profile],
            pass_fds=(to_browser, to_us), stdout=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(to_us)
        self.out, self.into, self.rest, self.n = from_us, from_browser, b"", 0

    def send(self, method, session=None, **params):
        self.n += 1
        message = {"id": self.n, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self._wait(self.n, method)

    def _wait(self, number, method):
        limit = time.monotonic() + 240
        while True:
            while b"\0" in self.rest:
                text, self.rest = self.rest.split(b"\0", 1)
                message = json.loads(text)
                if message.get("id") == number:
                    if "error" in message:
                        raise RuntimeError("%s: %s" % (method, message["error"]["message"]))
                    return message["result"]
            if not select.select([self.into], [], [], limit - time.monotonic())[0]:
                raise TimeoutError(method)
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self.rest += piece

    def open(self, url, width=800, height=600):
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context,
                           width=width, height=height)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, context, session, url)

    def close(self):
        try:
            self.send("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(60)
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.profile, ignore_errors=True)


def run(generators, n_at_once=1):
    """Run generators to their ends, some of them by turns. Returns what they returned."""
    waiting, running, results = list(enumerate(generators)), [], {}
    while waiting or running:
        while waiting and len(running) < n_at_once:
            running.append(waiting.pop(0))
        for number, generator in list(running):
            try:
                next(generator)
            except StopIteration as end:
                results[number] = end.value
                running.remove((number, generator))
        time.sleep(0.03)
    return [results[n] for n in sorted(results)]


class Page:
    def __init__(self, browser, context, session, url):
        self.browser, self.context, self.session = browser, context, session
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        self.send("Page.enable")
        self.go(url)

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def go(self, url):
        self.send("Page.navigate", url=url)

    def value(self, expression):
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(expression + ": " + str(found["exceptionDetails"]["exception"]))
        return found["result"].get("value")

    def until(self, expression, seconds=240):
        """Wait until an expression is true, as a generator: others may go on meanwhile. While the
        page loads the expression may fail."""
        limit = time.monotonic() + seconds
        while not self.value("(() => { try { return !!(%s) } catch { return false } })()"
                             % expression):
            if time.monotonic() > limit:
                raise TimeoutError("%s; the page says: %s" %
                                   (expression, self.value("document.body.innerText")))
            yield

    def press(self, key):
        code, number, text = KEYS.get(key) or ("Digit" + key, ord(key), key)
        what = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        down = {"type": "keyDown" if text else "rawKeyDown", **what}
        if text:
            down["text"] = text
        self.send("Input.dispatchKeyEvent", **down)
        self.send("Input.dispatchKeyEvent", type="keyUp", **what)

    def screenshot(self, path, width, height):
        import base64
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        data = self.send("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.send("Target.disposeBrowserContext", browserContextId=self.context)
