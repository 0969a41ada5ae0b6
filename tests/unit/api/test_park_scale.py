"""A folder of data remembers at which scale its park is."""

from pathlib import Path

import pytest

from api.errors import CommandError
from api.park_scale import keep_scale
from api.wiring import make_park
from park.settings import load_settings


def test_who_asks_a_folder_asks_about_its_park(tmp_path: Path) -> None:
    demo = load_settings(data_dir=tmp_path, park_scale=0.01)
    keep_scale(demo)
    assert make_park(load_settings(data_dir=tmp_path)) == make_park(demo)


def test_an_empty_folder_takes_the_park_that_is_asked_for(tmp_path: Path) -> None:
    asked = load_settings(data_dir=tmp_path / "new", park_scale=0.02)
    assert len(make_park(asked).assets) > len(
        make_park(load_settings(data_dir=tmp_path / "new", park_scale=0.01)).assets
    )


def test_another_scale_is_refused_with_what_to_do(tmp_path: Path) -> None:
    keep_scale(load_settings(data_dir=tmp_path, park_scale=0.01))
    with pytest.raises(CommandError, match=r"at scale 0\.01, not 1; leave --scale out"):
        make_park(load_settings(data_dir=tmp_path, park_scale=1.0))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"scale": true}', '{"scale": "1"}', "\udcff"])
def test_a_file_that_says_nothing_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "park.json"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(CommandError, match=r"park\.json"):
        make_park(load_settings(data_dir=tmp_path))
