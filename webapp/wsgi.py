"""The pages for a WSGI server with several processes: `gunicorn webapp.wsgi:app`.

HOLDFAST_DATA names the instance folder. Run `holdfast worker` beside it: these processes send no
mail and fire no timers.
"""

import os
from pathlib import Path

from webapp.create_app import create_app
from webapp.serve import keep_loaded, opened

app = create_app(opened(Path(os.environ.get("HOLDFAST_DATA", "instance"))))
keep_loaded()
