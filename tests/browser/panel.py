"""A panel of simulated people answers a study through its page, by keyboard alone.

panel.py URL STUDY.db [PICTURES]. People prefer systems "one", "two", "three" as 1 : 5 : 1, whose
versions they know from STUDY.db; two click always the same place, one leaves early, one reloads the
page on the way. Prints a line "pass ..." or "FAIL ..." a case."""
import random
import sqlite3
import sys
import time

import chromium

WORTHS = {1: 1, 2: 5, 4: 1}  # by the bit of the version's system
N_PEOPLE, N_STRAIGHT = 20, 2
failed = []


def check(name, is_right, found=""):
    print("pass " + name if is_right else "FAIL %s: %s" % (name, found), flush=True)
    if not is_right:
        failed.append(name)


def by(name):
    return "!document.getElementById('%s').hidden" % name


class Person:
    def __init__(self, browser, url, number, systems):
        self.page, self.systems = browser.open(url), systems
        self.random, self.number = random.Random(number), number

    def begin(self):
        """The questions on training and habit: Tab, Space, arrows, Enter."""
        page = self.page
        yield from page.until(by("welcome"))
        page.press("Tab")
        page.press(" ")
        if self.number % 2:
            page.press("ArrowDown")
        page.press("Tab")
        page.press(" ")
        for _ in range(self.number % 4):
            page.press("ArrowDown")
        page.press("Tab")
        page.press("Enter")
        yield from page.until(by("question"))

    def place(self):
        return self.page.value("question.place")

    def versions(self):
        """The systems of the versions from left to right."""
        urls = self.page.value("question.versions")
        return [self.systems[url.split("/")[-1]] for url in urls]

    def listen(self, keys):
        for index, key in enumerate(keys):
            self.page.press(key)
            yield from self.page.until("players[%d].heard.textContent === 'heard'" % index)

    def answer(self, choice):
        """Choice: a place from 0, -1 for no preference."""
        place = self.place()
        self.page.press(str(choice + 1))
        self.page.press("Enter")
        yield from self.page.until("%s || question.place === %d" % (by("done"), place + 1))

    def prefer(self):
        weights = [WORTHS[s] for s in self.versions()]
        return self.random.choices(range(len(weights)), weights)[0]


def take_part(browser, url, number, systems):
    """From the first page to the last. Returns whether it came there."""
    person = Person(browser, url, number, systems)
    yield from person.begin()
    for question in range(person.page.value("question.n")):
        k = len(person.versions())
        # The first by the arrows, the others by their numbers.
        keys = ["ArrowRight"] * k if question == 0 else [str(i + 1) for i in range(k)]
        yield from person.listen(keys)
        if number < N_STRAIGHT:
            choice = 1
        elif number == 5 and question == 1:
            choice = -1
        else:
            choice = person.prefer()
        yield from person.answer(choice)
    is_done = person.page.value(by("done"))
    person.page.close()
    return is_done


def look_closely(browser, url, systems, pictures):
    """One who tries things out, and leaves early."""
    person = Person(browser, url, 99, systems)
    page = person.page
    yield from person.begin()
    page.press("1")
    page.press("Enter")
    check("nothing is sent before all is heard", person.place() == 1, person.place())
    check("and it is said why", "Listen to version" in page.value(
        "document.getElementById('status').textContent"))
    yield from page.until("!players[0].video.paused")
    page.press(" ")
    yield from page.until("players[0].video.paused")
    page.press(" ")
    yield from page.until("!players[0].video.paused || players[0].video.ended")
    check("space pauses and plays", True)
    page.press("2")
    yield from page.until("players[0].video.paused && !players[1].video.paused")
    check("one version plays at a time", True)
    check("the focus is on the choice", page.value("document.activeElement === players[1].radio"))
    check("and can be seen", page.value(
        "getComputedStyle(document.activeElement).outlineStyle") == "solid")
    page.value("players[2].video.currentTime = 0.8")
    yield from page.until("players[2].at_s === 0.8 && !players[2].video.seeking")
    check("a part can be sought", page.value("players[2].video.currentTime") == 0.8)
    yield from page.until("players[1].video.videoWidth > 0 && "
                          "players[1].video.webkitAudioDecodedByteCount > 0")
    check("sound and picture are decoded", True)
    check("what was skipped was not heard", page.value("players[2].played_s") == 0)
    check("each part has a name", page.value(
        "[...document.querySelectorAll('input, video, button, progress')].every(e => e.labels?.length"
        " || e.ariaLabel || e.textContent)"))
    if pictures:
        page.screenshot(pictures + "/wide.png", 1280, 800)
        page.screenshot(pictures + "/narrow.png", 390, 844)
    page.send("Emulation.setDeviceMetricsOverride", width=320, height=600, deviceScaleFactor=1,
              mobile=False)
    check("nothing is wider than a narrow window", page.value(
        "document.documentElement.scrollWidth <= 320"))
    page.press("ArrowLeft")
    yield from person.listen(["1", "2", "3"])
    yield from person.answer(0)
    page.send("Page.reload")
    yield from page.until(by("question"))
    check("goes on after a reload", person.place() == 2, person.place())
    page.close()


def main(url, database, pictures):
    rows = sqlite3.connect(database).execute("SELECT file, systems FROM versions").fetchall()
    systems, browser = dict(rows), chromium.Chromium()
    started = time.monotonic()
    try:
        chromium.run([look_closely(browser, url, systems, pictures)])
        done = chromium.run([take_part(browser, url, number, systems)
                             for number in range(N_PEOPLE)], n_at_once=4)
        check("everybody came to the end", all(done) and len(done) == N_PEOPLE, done)
    finally:
        browser.close()
    print("%d people in %.0f s" % (N_PEOPLE, time.monotonic() - started))


main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
sys.exit(1 if failed else 0)
