"""The page of the configuration says what the settings say."""

from operations.configuration import PAGE, page


def test_the_table_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert page(text) == text, "make it again with `make docs`"
