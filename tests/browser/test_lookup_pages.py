"""An exporter looks up a batch with nothing but a browser."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.support.api_story import EXPORT, GALA, PALLETS, SLASHED
from tests.support.browser import PHONE, TABLET, Site


def test_a_batch_is_looked_up_by_typing_its_number(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        page.get_by_label("Batch or pallet number").fill("LY-7-A")
        page.get_by_label("Batch or pallet number").press("Enter")
        page.get_by_role("link", name="LY-7-A", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Winter jujube, extra class")
        orchards = page.get_by_role("region", name="Orchards")
        expect(orchards).to_contain_text("Orchard 1")
        expect(orchards).to_contain_text("1400GY0005")
        rooms = page.get_by_role("region", name="Cold storage")
        expect(rooms).to_contain_text("Cold room 1")
        expect(rooms.get_by_role("img", name="Temperature in Cold room 1")).to_be_visible()
        expect(rooms.get_by_role("row").filter(has_text="LY-8")).to_contain_text("−0.5\u202f°C")
        expect(page.get_by_role("region", name="Sorting")).to_contain_text("Sorting line 1")
        shipments = page.get_by_role("region", name="Shipments")
        expect(shipments).to_contain_text("Thailand")
        expect(shipments).to_contain_text("AGPU0000017")
        assert (visit.foreign, visit.complaints) == ([], [])


def test_a_batch_is_looked_up_by_orchard_destination_and_date(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        page.get_by_label("Orchard").fill("Orchard 5")
        page.get_by_label("Destination").select_option("Thailand")
        page.get_by_label("Harvested from").fill("2025-10-01")
        page.get_by_label("Harvested until").fill("2025-10-02")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_role("heading", name="Batches found")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.get_by_label("Destination")).to_have_value("TH")
        expect(page.get_by_label("Harvested from")).to_have_value("2025-10-01")
        page.get_by_role("link", name="Clear").click()
        expect(page.locator("tbody tr")).to_have_count(7)


def test_a_batch_is_followed_over_its_pallet_and_back(site: Site) -> None:
    with site.visit(f"/{EXPORT.path}") as visit:
        page = visit.page
        page.get_by_role("link", name=PALLETS[0]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(PALLETS[0])
        page.get_by_role("link", name="LY-7-A").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Winter jujube, extra class")
        assert visit.complaints == []


def test_a_reader_changes_the_language_and_keeps_it(site: Site) -> None:
    with site.visit(f"/{EXPORT.path}") as visit:
        page = visit.page
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("冬枣（优等）")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_role("link", name=PALLETS[0]).click()
        expect(page.get_by_role("heading", name="装载内容")).to_be_visible()
        page.get_by_role("link", name="agripark").click()
        page.get_by_label("批号或托盘号").fill(EXPORT.uri)
        page.get_by_role("button", name="查询").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("冬枣（优等）")


def test_a_chinese_browser_gets_chinese_pages(site: Site) -> None:
    with site.visit(f"/{GALA.path}", locale="zh-CN") as visit:
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("大卫嘎啦")
        expect(visit.page.get_by_role("region", name="冷藏")).to_contain_text("在库")


def test_a_wrong_number_is_met_with_advice(site: Site) -> None:
    with site.visit(f"/01/09521321000026/10/{EXPORT.lot}") as visit:
        expect(visit.page.get_by_role("heading", level=1)).to_have_text(
            "A GS1 key fails its check digit"
        )
        visit.page.get_by_role("link", name="Look up a batch").click()
        expect(visit.page.get_by_label("Batch or pallet number")).to_be_visible()


@pytest.mark.parametrize("screen", [PHONE, TABLET], ids=["phone", "tablet"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?number=LY-7-",
        "/?orchard=nowhere",
        f"/{EXPORT.path}",
        f"/{SLASHED.path}",
        f"/{EXPORT.path}?view=events",
        f"/00/{PALLETS[0]}",
        f"/00/{PALLETS[0]}?view=events",
        "/problems",
        "/reference",
        "/problems/not-enough-mass",
    ],
)
def test_pages_fit_small_screens_and_complain_about_nothing(
    site: Site, path: str, locale: str, screen: ViewportSize
) -> None:
    with site.visit(path, screen=screen, locale=locale) as visit:
        assert visit.overflow_px <= 0
        assert (visit.foreign, visit.complaints) == ([], [])
        assert visit.page.locator("h1").count() == 1


def test_a_keyboard_is_enough(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_label("Batch or pallet number")).to_be_focused()
        page.keyboard.type("GA-3")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="GA-3")).to_be_visible()


def test_every_field_has_a_label_and_every_table_has_headers(site: Site) -> None:
    for path in ("/", f"/{EXPORT.path}", f"/{EXPORT.path}?view=events"):
        with site.visit(path) as visit:
            unlabelled = visit.page.evaluate(
                "[...document.querySelectorAll('input:not([type=hidden]), select')]"
                ".filter(field => !field.labels.length).length"
            )
            headless = visit.page.evaluate(
                "[...document.querySelectorAll('table')]"
                ".filter(table => !table.querySelector('th[scope=col]')).length"
            )
            assert (unlabelled, headless) == (0, 0)
