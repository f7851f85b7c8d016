"""A page with accounts, used by two people in two browsers: each has chats of their own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from agent.accounts import Accounts
from core.library import Library
from tests.browser.visits import CHROMIUM, FLAGS, IN_A_BROWSER, USABLE, serve_library, served

pytestmark = IN_A_BROWSER

PASSWORDS = {"ada": "first letters", "bob": "second letters"}
ANSWER = "[data-step-type=assistant_message]"


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def try_to_log_in(page: Page, name: str, password: str) -> None:
    page.locator("#email").fill(name)
    page.locator("#password").fill(password)
    page.locator("button[type=submit]").click()


def log_in(browser: Browser, url: str, name: str) -> Page:
    """A browser of their own for a person, at a page that can be used."""
    page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
    page.goto(url)
    try_to_log_in(page, name, PASSWORDS[name])
    expect(page.locator(USABLE)).to_be_visible(timeout=15_000)
    return page


def ask(page: Page, text: str) -> None:
    before = page.locator(ANSWER).count()
    page.locator("#chat-input").click()
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")
    expect(page.locator(ANSWER)).to_have_count(before + 1, timeout=20_000)
    expect(page.locator("#stop-button")).to_have_count(0, timeout=20_000)


def test_two_people_have_chats_of_their_own(demo_library: Library, tmp_path: Path):
    accounts = Accounts(demo_library.folder)
    for name, password in PASSWORDS.items():
        accounts.put(name, password)
    with served(serve_library(tmp_path), tmp_path) as server, browsing() as browser:
        stranger = browser.new_page()
        stranger.goto(server.url)
        expect(stranger.locator("#password")).to_be_visible()
        try_to_log_in(stranger, "ada", "wrong letters")
        expect(stranger.get_by_text("the name or the password is wrong")).to_be_visible()
        stranger.screenshot(path=tmp_path / "login.png")

        ada, bob = log_in(browser, server.url, "ada"), log_in(browser, server.url, "bob")
        for page, wish in ((ada, "find a bell"), (bob, "find rain")):
            page.locator("#chat-input").click()
            page.keyboard.insert_text(wish)
        for page in (ada, bob):
            page.keyboard.press("Enter")  # at the same time
        for page, heard in ((ada, "bell"), (bob, "rain")):
            expect(page.locator(ANSWER).last).to_contain_text(re.compile(f"I found .*{heard}"), timeout=20_000)
        expect(ada.locator("#thread-history a")).to_have_text(["find a bell"])
        expect(bob.locator("#thread-history a")).to_have_text(["find rain"])

        bob.goto(ada.url)
        expect(bob.get_by_text("find a bell")).to_have_count(0)
        expect(bob.locator("#thread-history a").first).to_have_text("find rain")
        ada.screenshot(path=tmp_path / "ada.png")

        accounts.remove("bob")
        bob.goto(server.url)
        expect(bob.locator("#password")).to_be_visible()
        ask(ada, "more like number 2")

        ada.locator("#user-nav-button").click()
        ada.get_by_role("menuitem", name="Logout").click()
        expect(ada.locator("#password")).to_be_visible()


@pytest.mark.parametrize("change", ["removed", "another password"])
def test_a_page_that_stays_open_outlives_its_login_and_says_so(demo_library: Library, tmp_path: Path, change: str):
    accounts = Accounts(demo_library.folder)
    accounts.put("ada", PASSWORDS["ada"])
    with served(serve_library(tmp_path), tmp_path) as server, browsing() as browser:
        ada = log_in(browser, server.url, "ada")
        ask(ada, "find a bell")
        if change == "removed":
            accounts.remove("ada")
        else:
            ada.wait_for_timeout(1100)  # logins count seconds
            accounts.put("ada", "other letters")
        ada.locator("#chat-input").click()
        ada.keyboard.insert_text("find rain")
        ada.keyboard.press("Enter")
        told = ada.get_by_text("you are not known here any more; load the page anew")
        expect(told.or_(ada.locator("#password")).first).to_be_visible()  # it asks who is there now and then by itself
        expect(ada.get_by_text("I found")).to_have_count(1 if told.count() else 0)


def test_who_writes_too_often_is_told_to_wait_and_nothing_is_done(demo_library: Library, tmp_path: Path):
    first, second = "import logging, sys", "import logging, sys, agent.limits\nagent.limits.MESSAGES = (2, 60.0)"
    program = serve_library(tmp_path)[2].replace(first, second)
    with served([*serve_library(tmp_path)[:2], program, str(tmp_path)], tmp_path) as server, browsing() as browser:
        page = browser.new_page()
        page.goto(server.url)
        expect(page.locator(USABLE)).to_be_visible()
        for wish in ("find a bell", "find rain", "find a kick"):
            ask(page, wish)
        answers = page.locator(ANSWER)
        expect(answers.nth(1)).to_contain_text("I found")
        expect(answers.nth(2)).to_have_text(re.compile("too often at once; wait .* seconds and try again"))
        expect(page.get_by_test_id("sound-list")).to_have_count(2)
