"""What the web process must never load."""

import subprocess
import sys

SCRIPT = """
import sys, pathlib
from bootstrap.storage import initialise
from bootstrap.web import web_services
from overread.imaging.decoding import Decoder
from overread.settings.environment import Settings
from serving.app import create_app
settings = Settings(data_dir=pathlib.Path(sys.argv[1]))
initialise(settings)
create_app(web_services(settings, Decoder()))
heavy = {"torch", "torchvision", "mlflow", "prefect", "sklearn", "pandas", "evidently"}
print(*sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_the_web_process_loads_neither_torch_mlflow_nor_prefect(tmp_path: object) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
