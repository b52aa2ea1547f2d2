"""Pages and settings that several stages' tests share."""

import pytest

from filters.rights import POLICIES
from samples import duplicates, pages
from stages import gate


@pytest.fixture(scope="session")
def settings() -> gate.Settings:
    """The gate as the default configuration has it, with small caps."""
    return gate.Settings(
        max_payload_bytes=50_000,
        max_decoded_bytes=100_000,
        max_depth=100,
        max_tags=1000,
        max_tag_attributes=100,
        min_visible_chars=None,
        max_url_chars=200,
        media_types=("text/html", "application/xhtml+xml"),
        allow_domains=("fine.blocked.example",),
        deny_domains=("denied.example", "co.example", "site.example/shop"),
        reserved_channels=POLICIES["standard"],
        heeds_robots=True,
        policy="standard",
        min_european_mass=0.4,
        keep_truncated=False,
        language_models=("py3langid", "cld2"),
        url_key="test",
        extractor="trafilatura",
    )


@pytest.fixture(scope="session")
def sample_pages() -> dict[str, pages.Page]:
    """Our own pages by key."""
    return duplicates.by_key(pages.load(pages.ROOT / "pages"))
