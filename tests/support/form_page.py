"""The form's page in a browser."""

from playwright.sync_api import Page


def press_register(page: Page) -> None:
    """Once, and once more where the page asks for it, which these tests are fast enough for."""
    register = page.locator("main form button[type=submit]:not([formaction])")
    with page.expect_navigation():
        register.click()
    if page.locator(".summary.calm").count():
        with page.expect_navigation():
            register.click()


def filled_in(page: Page) -> dict[str, object]:
    script = (
        "form => Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, text.replace(/\\r/g, '')]))"
    )
    form: dict[str, object] = page.locator("main form").evaluate(script)
    return {name: text for name, text in form.items() if name not in ("message", "shown_at")}
