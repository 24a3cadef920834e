"""The shop as a person meets it, in headless Chromium at phone and desk width, with and without light.

Nothing may appear on the console, no policy may be violated, and nothing may be asked of another host:
`open_shop` sees to that.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, expect

Open = Callable[..., Awaitable[Any]]

WIDTHS = ("phone", "desk")
SETTLED_MS = 60_000


async def heading(page: Page, text: str | re.Pattern[str]) -> None:
    await expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


async def create_account(page: Page) -> str:
    """From wherever the site asks for it; returns the e-mail address."""
    email = f"ada-{uuid4().hex}@example.com"
    await page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill("notes by the translator")
    await page.get_by_role("button", name="Create an account").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return email


async def fill_cart(page: Page, number: int = 1) -> list[str]:
    """Put the first items that are in stock into the cart, one each; returns their names."""
    buttons = page.get_by_role("button", name=re.compile("^Add .* to the cart$"))
    await expect(buttons.first).to_be_visible()
    names: list[str] = []
    for index in range(number):
        text = await buttons.nth(index).inner_text()
        await buttons.nth(index).click()
        names.append(text.strip().removeprefix("Add ").removesuffix(" to the cart"))
    return names


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_from_the_shop_window_to_a_fulfilled_order(open_shop: Open, width: str, scheme: str) -> None:
    visit = await open_shop(width=width, scheme=scheme)
    page = visit.page
    await heading(page, "Things made to outlast the weather")
    [name] = await fill_cart(page)
    await visit.check()

    await page.get_by_role("link", name=name, exact=True).click()
    await heading(page, name)
    await expect(page.get_by_role("heading", name="Also in the shop")).to_be_visible()
    await page.get_by_role("button", name=f"One more: Quantity of {name}").click()
    await page.get_by_role("button", name="Add to cart", exact=True).click()
    await expect(page.locator("#announcer")).to_have_text(re.compile(f"^2 . {name} are in your cart"))
    await visit.check()

    await page.get_by_role("link", name="See the cart").click()
    await heading(page, "Cart")
    await expect(page.get_by_role("spinbutton", name=f"Quantity of {name}")).to_have_value("3")
    await visit.check()
    await page.get_by_role("link", name="Sign in to order").click()
    await heading(page, "Sign in")
    await visit.check()
    await page.get_by_role("link", name="Create an account").click()
    await heading(page, "Create an account")
    await visit.check()
    email = await create_account(page)
    await heading(page, "Cart")

    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("link", name="Sign in", exact=True).click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill("notes by the translator")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    await page.get_by_role("link", name=re.compile("^Cart")).first.click()
    await page.get_by_role("button", name="Place order").click()
    await heading(page, re.compile("^Order [0-9A-F]{8}$"))
    await expect(page.get_by_role("heading", name="Packed and on its way.")).to_be_visible(timeout=SETTLED_MS)
    await expect(page.locator("#announcer")).to_have_text(re.compile("Fulfilled"))
    await visit.check()

    await page.get_by_role("link", name="All orders").click()
    await heading(page, "Orders")
    await expect(page.get_by_role("listitem").filter(has_text="3 items")).to_contain_text("Fulfilled")
    await visit.check()


async def test_an_order_whose_answer_is_lost_is_placed_once(open_shop: Open) -> None:
    visit = await open_shop("/sign-up")
    page = visit.page
    await create_account(page)
    await fill_cart(page, 2)
    await page.get_by_role("link", name=re.compile("^Cart")).first.click()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()  # The API hears it, and the browser never learns.
        await route.abort("connectionreset")

    visit.expected = {"net::ERR_CONNECTION_RESET"}
    await page.route("**/api/orders", lose_the_answer, times=1)
    await page.get_by_role("button", name="Place order").click()
    await expect(page.get_by_role("alert")).to_contain_text("Check your connection")
    await page.reload()
    await page.get_by_role("button", name="Place order").click()
    await heading(page, re.compile("^Order "))
    await page.get_by_role("link", name="All orders").click()
    await heading(page, "Orders")
    await expect(page.get_by_role("heading", name=re.compile("^Order [0-9A-F]{8}$"))).to_have_count(1)


async def test_tabs_share_one_session(open_shop: Open) -> None:
    visit = await open_shop("/sign-up?next=/orders")
    await create_account(visit.page)
    await heading(visit.page, "Orders")
    others = [await visit.context.new_page() for _ in range(3)]
    for other in others:
        visit.watch(other)
    # All at once: each needs a fresh access token, and one refresh token serves once.
    for other in others:
        await other.goto("/orders", wait_until="commit")
    for other in others:
        await expect(other.get_by_text("No orders yet")).to_be_visible()
    await visit.page.reload()
    await expect(visit.page.get_by_text("No orders yet")).to_be_visible()

    await visit.page.get_by_role("button", name="Sign out").click()
    for other in others:
        await expect(other.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    await others[0].get_by_role("link", name="Orders").first.click()
    await heading(others[0], "Sign in")


async def test_search_sort_and_more(open_shop: Open) -> None:
    visit = await open_shop()
    page = visit.page
    cards = page.locator(".card")
    await expect(cards).to_have_count(8)
    await page.get_by_role("button", name="Show more").click()
    await expect(cards.nth(8).get_by_role("link")).to_be_focused()
    loaded = await cards.count()
    assert loaded > 8

    last = cards.last.get_by_role("link")
    name = await last.inner_text()
    await last.click()
    await heading(page, name)
    await page.go_back()
    await expect(cards).to_have_count(loaded)
    await expect(cards.last).to_be_in_viewport()

    await page.get_by_label("Sort by").select_option(label="Price, high to low")
    await expect(cards).to_have_count(8)
    first = await cards.first.locator(".price .visually-hidden").inner_text()
    second = await cards.nth(1).locator(".price .visually-hidden").inner_text()
    assert amount(first) >= amount(second)
    assert "sort=-price_cents" in page.url

    await page.get_by_label("Search the shop").fill(name)
    await expect(cards).to_have_count(1)
    await page.get_by_label("Search the shop").fill("no such thing in any shop")
    await expect(page.get_by_role("heading", name="Nothing found for")).to_be_visible()
    await visit.check()
    await page.get_by_role("button", name="Show everything").click()
    await expect(cards).to_have_count(8)


def amount(text: str) -> float:
    return float(re.sub(r"[^0-9.]", "", text))


async def test_the_keyboard_alone(open_shop: Open) -> None:
    visit = await open_shop()
    page = visit.page
    await expect(page.locator(".card")).to_have_count(8)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Search the shop")).to_be_focused()
    await page.keyboard.type("mug")
    await expect(page.locator(".card")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await heading(page, re.compile("mug"))
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.locator("#announcer")).to_have_text(re.compile("mug"))


async def test_what_the_api_refuses_is_said(open_shop: Open) -> None:
    visit = await open_shop("/sign-in")
    visit.expected = {"status of 401", "status of 404", "status of 503", "status of 409"}
    page = visit.page
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Please fill this in.")).to_have_count(2)
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await visit.check()
    await page.get_by_label("E-mail").fill("nobody@example.com")
    await page.get_by_label("Password", exact=True).fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")

    unknown = str(uuid4())
    await page.goto(f"/items/{unknown}")
    await heading(page, "This item cannot be shown")
    await expect(page.get_by_role("alert")).to_contain_text(unknown)
    await visit.check()

    problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "Low water."}
    await page.route(
        "**/api/items?*",
        lambda route: route.fulfill(status=503, json=problem, content_type="application/problem+json"),
        times=1,
    )
    await page.goto("/")
    await expect(page.get_by_role("alert")).to_contain_text("Low water.")
    await visit.check()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".card")).to_have_count(8)


@pytest.mark.parametrize("width", WIDTHS)
async def test_an_address_that_is_no_page(open_shop: Open, width: str) -> None:
    visit = await open_shop("/no/such/page", width=width)
    await heading(visit.page, "Uncharted")
    await visit.check()
    await visit.page.get_by_role("link", name="Back to the shop").click()
    await heading(visit.page, "Things made to outlast the weather")


async def test_an_address_cannot_lead_out_of_the_shop(open_shop: Open) -> None:
    visit = await open_shop("/sign-up?next=//example.com/steal")
    await create_account(visit.page)
    await heading(visit.page, "Things made to outlast the weather")
    assert visit.page.url == f"{visit.site}/"
