"""Heatmaps of flips over HTTP: the model that called a finding has one, small where a tile asks for it."""

import io

from PIL import Image

from tests.serving.conftest import House
from tests.serving.pages.builders import furnish


def test_a_flip_has_the_map_of_the_model_that_called_it_at_the_size_asked_for(served: House) -> None:
    department = furnish(served)
    for uid, caller, other in (
        (department.finding, "production", "candidate"),
        (department.clear, "candidate", "production"),
    ):
        place = f"/api/v1/candidates/2/flips/{uid}"
        answer = served.ask("ruth", "GET", f"{place}/{caller}.png", params={"longest": 40})
        assert answer.status_code == 200, answer.text
        drawn = Image.open(io.BytesIO(answer.content))
        assert (drawn.mode, drawn.size) == ("RGBA", (40, 40))
        assert served.ask("ruth", "GET", f"{place}/{other}.png").status_code == 404
        assert served.ask("ruth", "GET", f"{place}/anchor.png").status_code == 422
        assert served.ask("ruth", "GET", f"{place}/{caller}.png?longest=4096").status_code == 422
    elsewhere = f"/api/v1/candidates/2/flips/{department.excluded}/candidate.png"
    assert served.ask("ruth", "GET", elsewhere).status_code == 404
